import pc from "picocolors";

/** Functions that colour a text, or leave it as it is. */
export type Style = ReturnType<typeof pc.createColors>;

/** Colours on a terminal; none elsewhere, and none with NO_COLOR set (no-color.org). */
export function styleOf(stream: { readonly isTTY?: boolean | undefined }): Style {
  const { NO_COLOR, TERM } = process.env;
  return pc.createColors(stream.isTTY === true && (NO_COLOR ?? "") === "" && TERM !== "dumb");
}
