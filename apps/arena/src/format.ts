/** A count with thousands set apart: 1,234,567. Rounded to a whole number. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Bytes in the unit that suits them: 999 B, 1.5 kB, 20 MB. Units are powers of 1,000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  const units = ["B", "kB", "MB", "GB", "TB"];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000;
    unit++;
  }
  const digits = unit === 0 || value >= 9.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] as string}`;
}

/** Milliseconds with as many digits as say something: 0.42 ms, 3.1 ms, 250 ms; "-" when there is no value. */
export function formatMs(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return "-";
  const digits = ms < 0.995 ? 2 : ms < 99.95 ? 1 : 0;
  return `${ms.toFixed(digits)} ms`;
}
