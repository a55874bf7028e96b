/** A table of a Markdown text. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A section: the text below one heading, up to the next heading of any level. */
export interface Section {
  /** "3.1", or "" for a heading without a number. */
  readonly number: string;
  readonly title: string;
  readonly text: string;
  readonly tables: readonly Table[];
}

/** The sections of a Markdown text, in their order. */
export function readSections(markdown: string): Section[] {
  const sections: Section[] = [];
  for (const part of markdown.split(/^(?=#{1,6} )/m)) {
    const heading = /^#+ (?:(\d+(?:\.\d+)*)\.? )?(.*)\n/.exec(part);
    if (heading === null) continue;
    const text = part.slice(heading[0].length);
    sections.push({ number: heading[1] ?? "", title: heading[2] as string, text, tables: readTables(text) });
  }
  return sections;
}

function readTables(text: string): Table[] {
  const tables: Table[] = [];
  for (const [block] of text.matchAll(/(?:^\|.*\|\n?)+/gm)) {
    const [head, line, ...rows] = block.trimEnd().split("\n").map(cellsOf);
    if (head === undefined || line === undefined || !line.every((cell) => /^-+$/.test(cell))) {
      throw new Error(`a table without a line below its head: ${block.slice(0, 80)}`);
    }
    for (const row of rows) {
      if (row.length !== head.length)
        throw new Error(`a row of ${row.length} cells below ${head.length}: ${row.join()}`);
    }
    tables.push({ head, rows });
  }
  return tables;
}

/** The cells of a row; "\|" is a bar. */
function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
}

/** The section of this number or title. Throws when there is none. */
export function sectionOf(sections: readonly Section[], name: string): Section {
  const found = sections.find(({ number, title }) => number === name || title === name);
  if (found === undefined) throw new Error(`no section ${name}`);
  return found;
}

/** The first table of a section whose head begins with these words. Throws when there is none. */
export function tableOf(section: Section, ...head: readonly string[]): Table {
  const found = section.tables.find((table) => head.every((word, index) => table.head[index] === word));
  if (found === undefined)
    throw new Error(`section ${section.number} ${section.title} has no table "${head.join(", ")}"`);
  return found;
}

/** Codes and names, from the first column and the one with this head. */
export function codesOf({ head, rows }: Table, column: string): Map<number, string> {
  const at = head.indexOf(column);
  if (at < 0) throw new Error(`a table of "${head.join(", ")}" has no column "${column}"`);
  return new Map(rows.map((row) => [numberOf(row[0] as string), row[at] as string]));
}

/** "12" or "0x0c". Throws for anything else. */
export function numberOf(text: string): number {
  if (!/^(?:0x[0-9a-f]+|\d+)$/.test(text)) throw new Error(`no number: "${text}"`);
  return Number(text);
}
