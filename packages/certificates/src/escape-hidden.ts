/** What a terminal would obey, hide or turn around: controls, formats (bidi, joiners) and line ends. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A text that a certificate's maker chose, fit to stand in a message: such characters become `\u{X}`. */
export function escapeHidden(text: string): string {
  return text.replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) as number).toString(16)}}`);
}
