import { CidrSet, parseIp } from "@sortie/transport";
import { addressWords } from "../lib/address-words.js";
import { Program } from "../lib/program.js";
import { check, type FuzzTarget } from "../lib/target.js";

const IP_BITS = 128;
const MAPPED_BITS = 96;

/** A range as plainly as it can be said: the leading bits, as text of zeros and ones. */
type Bits = string;

/**
 * Sets of ranges: a program of additions, removals and questions, beside a list that does the same by comparing texts
 * of bits. Only RangeError is thrown, for what is no range.
 */
export const cidrSet: FuzzTarget = {
  name: "cidr-set",
  maxBytes: 300,
  dictionary: addressWords(),
  seeds: () => [
    ...addressWords().map((text) => Uint8Array.from([0, text.length, ...text])),
    Uint8Array.from([2, 0, 0, 0, 1, 8, 2, 0, 0, 0, 1, 16, 3, 0, 0, 0, 1, 8, 4, 0, 0, 0, 1]),
  ],
  run(input) {
    const program = new Program(input);
    const session = new Session();
    while (!program.isOver) session.step(program);
    session.checkEntries();
  },
};

class Session {
  private readonly set = new CidrSet();
  private readonly model = new Set<Bits>();

  step(program: Program): void {
    const kind = program.u8();
    switch (kind % 5) {
      case 0:
        return this.add(Buffer.from(program.take(program.u8() & 0x3f)).toString("latin1"));
      case 1:
        return this.delete(Buffer.from(program.take(program.u8() & 0x3f)).toString("latin1"));
      case 2:
        return this.add(`${addressOf(program)}/${program.u8() % 34}`);
      case 3:
        return this.delete(`${addressOf(program)}/${program.u8() % 34}`);
      default:
        return this.ask(parseIp(addressOf(program)) as Uint8Array);
    }
  }

  checkEntries(): void {
    const texts = this.set.entries();
    check(texts.length === this.set.size && texts.length === this.model.size, "the number of entries is wrong");
    for (const text of texts) {
      const bits = bitsOf(text);
      check(bits !== undefined && this.model.has(bits), `the entry ${text} was never added`);
    }
  }

  private add(text: string): void {
    const bits = bitsOf(text);
    const wasTaken = takes(() => this.set.add(text));
    check(wasTaken === (bits !== undefined), `${JSON.stringify(text)} was ${wasTaken ? "" : "not "}added`);
    if (bits !== undefined) this.model.add(bits);
    check(this.set.size === this.model.size, `${this.set.size} entries, ${this.model.size} were added`);
  }

  private delete(text: string): void {
    const bits = bitsOf(text);
    let wasThere = false;
    const wasTaken = takes(() => (wasThere = this.set.delete(text)));
    check(wasTaken === (bits !== undefined), `${JSON.stringify(text)} was ${wasTaken ? "" : "not "}taken`);
    check(wasThere === (bits !== undefined && this.model.delete(bits)), `${text} was ${wasThere ? "" : "not "}there`);
  }

  private ask(address: Uint8Array): void {
    const bits = bitText(address);
    const expected = [...this.model].some((prefix) => bits.startsWith(prefix));
    check(this.set.has(address) === expected, `the set should ${expected ? "" : "not "}have ${bits}`);
  }
}

/** False when it threw RangeError. */
function takes(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return false;
  }
}

/** A few addresses near each other, IPv4 or IPv6. */
function addressOf(program: Program): string {
  const [a, b, c, d] = [program.u8(), program.u8(), program.u8(), program.u8()];
  return d & 1 ? `${a}.${b}.${c}.${d}` : `20${(a >> 4).toString(16)}0:${b.toString(16)}::${c}:${d.toString(16)}`;
}

function bitsOf(text: string): Bits | undefined {
  const match = /^([^/]*)(?:\/(0|[1-9][0-9]{0,2}))?$/s.exec(text);
  const bytes = match === null ? undefined : parseIp(match[1] as string);
  if (match === null || bytes === undefined) return undefined;
  if (match[2] === undefined) return bitText(bytes);
  const length = Number(match[2]) + (text.includes(":") ? 0 : MAPPED_BITS);
  return length > IP_BITS ? undefined : bitText(bytes).slice(0, length);
}

function bitText(bytes: Uint8Array): Bits {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
}
