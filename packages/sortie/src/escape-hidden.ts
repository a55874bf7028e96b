/**
 * What a terminal would obey, hide or turn around: controls, formats (bidi, joiners) and line ends. JSON escapes the
 * oldest of them alone.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text with such characters as `\uXXXX`, one for each half of a pair: within a string of JSON it means the same. */
export function escapeHidden(text: string): string {
  return text.replace(HIDDEN, (character) => {
    let escaped = "";
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}
