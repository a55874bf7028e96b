/** With thousands set apart, rounded: 1,234,567. */
export function count(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** In the unit that suits it: 999 B, 1.5 kB, 120 MB; units are powers of 1000. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : 1)} ${units[unit] as string}`;
}

/** Two units at the most: 45 s, 3 min 20 s, 2 h 5 min, 4 d 3 h. */
export function durationText(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** Milliseconds with as many digits as say something: 0.42, 3.1, 250. */
export function msText(ms: number): string {
  return ms.toFixed(ms < 0.995 ? 2 : ms < 99.95 ? 1 : 0);
}

/** A share as a percentage: 0.012 is "1.2 %". */
export function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
