import pc from "picocolors";

/** Colours on a terminal; elsewhere, and with NO_COLOR set (no-color.org), functions that leave a text as it is. */
export function styleOf(stream: { readonly isTTY?: boolean }): ReturnType<typeof pc.createColors> {
  const { NO_COLOR, TERM } = process.env;
  return pc.createColors(stream.isTTY === true && (NO_COLOR ?? "") === "" && TERM !== "dumb");
}

/** Milliseconds with as many digits as say something: 0.42, 3.1, 250. */
export function msText(ms: number): string {
  return ms.toFixed(ms < 0.995 ? 2 : ms < 99.95 ? 1 : 0);
}

/** A share as a percentage: 0.012 is "1.2 %". */
export function percentText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
