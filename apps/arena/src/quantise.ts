/** Steps of a 16-bit coordinate per metre. */
const STEPS_PER_METRE = 256;
/** Highest value of 16 bits. */
const U16_MAX = 0xffff;
const FULL_TURN = 2 * Math.PI;

/** Metres to the nearest of 65,536 steps of 1/256 m; what lies outside is moved to the edge. */
export function quantisePosition(metres: number): number {
  const steps = Math.round(metres * STEPS_PER_METRE);
  return steps <= 0 ? 0 : steps >= U16_MAX ? U16_MAX : steps;
}

/** A 16-bit coordinate in metres. */
export function positionOf(steps: number): number {
  return steps / STEPS_PER_METRE;
}

/** Radians (any turn) to 65,536 steps a turn. */
export function quantiseHeading(radians: number): number {
  return Math.round((radians / FULL_TURN) * 0x1_0000) & U16_MAX;
}

/** A 16-bit heading in radians, 0..2 pi. */
export function headingOf(steps: number): number {
  return (steps / 0x1_0000) * FULL_TURN;
}
