// Statistics of float32 values, NaN where null.

/** {count (of values), nullShare, minimum, maximum, mean, deviation}; the last four null where all are null. */
export function statisticsOf(values) {
  let [count, sum] = [0, 0];
  let [minimum, maximum] = [Infinity, -Infinity];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    count += 1;
    sum += value;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  const nullShare = values.length ? 1 - count / values.length : 0;
  if (!count) return { count, nullShare, minimum: null, maximum: null, mean: null, deviation: null };
  const mean = sum / count;
  let squares = 0;
  for (const value of values) {
    if (!Number.isNaN(value)) squares += (value - mean) ** 2;
  }
  return { count, nullShare, minimum, maximum, mean, deviation: Math.sqrt(squares / count) };
}
