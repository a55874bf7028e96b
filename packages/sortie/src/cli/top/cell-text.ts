import stringWidth from "string-width";

const ELLIPSIS = "…";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Columns that a printable text takes. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

/** A printable text in exactly so many columns: cut, with "…", or filled up. */
export function fit(text: string, columns: number, align: "left" | "right" = "left"): string {
  if (columns <= 0) return "";
  const width = widthOf(text);
  if (width > columns) return cut(text, columns);
  const space = " ".repeat(columns - width);
  return align === "left" ? text + space : space + text;
}

function cut(text: string, columns: number): string {
  let result = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    const added = widthOf(segment);
    if (width + added > columns - 1) break;
    result += segment;
    width += added;
  }
  // A wide character that did not fit leaves a column.
  return result + ELLIPSIS + " ".repeat(columns - 1 - width);
}
