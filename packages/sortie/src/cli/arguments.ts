import { InvalidArgumentError } from "commander";

/** A parser for commander: a whole number in the range. */
export function integerIn(min: number, max: number): (text: string) => number {
  return numberIn(min, max, true);
}

/** A parser for commander: a number in the range. */
export function numberIn(min: number, max: number, isInteger: boolean = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const fits = text.trim() !== "" && value >= min && value <= max && (!isInteger || Number.isInteger(value));
    if (fits) return value;
    throw new InvalidArgumentError(
      `expected ${isInteger ? "an integer" : "a number"} in ${min}..${max}, got "${text}"`,
    );
  };
}

/** A parser for commander: one of the words. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`expected one of ${words.join(", ")}, got "${text}"`);
  };
}
