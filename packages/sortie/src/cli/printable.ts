/** What a terminal would obey, hide or turn around: controls, formats (bidi, joiners), line ends, half surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
/** Code points of one character on the screen: a letter and a few accents. More are a tower over other lines. */
const MAX_CODE_POINTS = 4;
/** What is printable as it is: most texts. */
const PLAIN = /^[\x20-\x7e]*$/;

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** A text that somebody else wrote, fit to be printed: an escape sequence becomes the letters that it is made of. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  const plain = text.replace(INVISIBLE, "");
  let result = "";
  for (const { segment } of segmenter.segment(plain)) {
    const points = Array.from(segment);
    result += points.length > MAX_CODE_POINTS ? points.slice(0, MAX_CODE_POINTS).join("") : segment;
  }
  return result;
}
