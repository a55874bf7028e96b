import stringWidth from "string-width";

/** What a terminal would obey, hide or turn around: controls, formats (bidi, joiners), line ends, half surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
/** Code points of one character on the screen: a letter and a few accents. More are a tower over other lines. */
const MAX_CODE_POINTS = 4;
const ELLIPSIS = "…";

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A text that somebody else wrote, fit to be printed: an escape sequence becomes the letters that it is made of. */
export function printable(text: string): string {
  const plain = text.replace(INVISIBLE, "");
  let result = "";
  for (const { segment } of segmenter.segment(plain)) {
    const points = Array.from(segment);
    result += points.length > MAX_CODE_POINTS ? points.slice(0, MAX_CODE_POINTS).join("") : segment;
  }
  return result;
}

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
