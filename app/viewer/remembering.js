// What this browser remembers; nothing, where it is told not to.

export function remembered(storage, name) {
  try {
    return window[storage].getItem(name);
  } catch {
    return null;
  }
}

/** A value of null forgets. storage: "localStorage" or "sessionStorage". */
export function remember(storage, name, value) {
  try {
    if (value === null) window[storage].removeItem(name);
    else window[storage].setItem(name, value);
  } catch {
    // then only for as long as this page is open
  }
}
