import { decodeBase64, encodeBase64 } from "./base64.js";

/** Characters of base64 on a line (RFC 7468 section 2). */
const LINE_CHARACTERS = 64;

/** The first block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** What stands after BEGIN, such as "PUBLIC KEY". */
  readonly label: string;
  /** Decoded contents; undefined when they are not base64, as those of encrypted keys in the old form are. */
  readonly der: Uint8Array | undefined;
}

/** Finds the first block; text before and after is passed over. Undefined when there is none. */
export function parsePem(text: string): PemBlock | undefined {
  const begin = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text);
  if (begin === null) return undefined;
  const label = begin[1] as string;
  const bodyStart = begin.index + begin[0].length;
  const bodyEnd = text.indexOf(`-----END ${label}-----`, bodyStart);
  if (bodyEnd < 0) return undefined;
  return { label, der: decodeBase64(text.slice(bodyStart, bodyEnd).replace(/[ \t\r\n]+/g, "")) };
}

/** One block with lines of 64 characters and a newline at the end. */
export function formatPem(label: string, der: Uint8Array): string {
  const text = encodeBase64(der);
  let lines = "";
  for (let i = 0; i < text.length; i += LINE_CHARACTERS) lines += `${text.slice(i, i + LINE_CHARACTERS)}\n`;
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
