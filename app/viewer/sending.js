// A request body with its progress, which fetch does not tell.

/** A Response, or null where the server did not answer. onProgress(share 0 to 1). */
export function send(url, file, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 1));
    request.addEventListener("load", () => {
      const isEmpty = [204, 205, 304].includes(request.status);
      resolve(new Response(isEmpty ? null : request.responseText, { status: request.status }));
    });
    for (const failure of ["error", "abort", "timeout"]) request.addEventListener(failure, () => resolve(null));
    request.send(file);
  });
}
