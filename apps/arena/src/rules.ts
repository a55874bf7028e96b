/**
 * The numbers of the game. Lengths are in metres, speeds in metres per second, times in milliseconds. The arena is a
 * square from (0, 0) to (ARENA_SIDE, ARENA_SIDE); x grows to the right, y upwards.
 */

/** What both sides pass to Sortie as `protocol`: a change of any rule or message takes a new number. */
export const ARENA_PROTOCOL = "sortie-arena/1";

/** m. 256, so that a 16-bit coordinate counts in steps of exactly 1/256 m. */
export const ARENA_SIDE = 256;
/** m. A player is a disc; its centre stays this far from the walls. */
export const PLAYER_RADIUS = 1;
/** m/s. */
export const MAX_SPEED = 12;
/**
 * Factor on MAX_SPEED that the server allows: a coordinate is rounded by up to 1/512 m, and 60 roundings a second add
 * up to about 1 % of the speed, as do two clocks that do not run alike.
 */
export const SPEED_TOLERANCE = 1.03;
/** ms. Movement a player may save up while the network holds its inputs back, and then make at once. */
export const MOVE_SLACK_MS = 500;

/** Inputs per second that the server looks at: twice what a 60 Hz client sends. */
export const MAX_INPUTS_PER_SECOND = 120;
/** Inputs that may come at once after a pause of the network. */
export const INPUT_BURST = 120;

/** Points of life. */
export const MAX_HEALTH = 100;
/** ms from death to the next life. */
export const RESPAWN_DELAY_MS = 1_500;

/** ms between two shots. */
export const FIRE_INTERVAL_MS = 250;
/** Shots that may come at once: a lost shot is sent again and then arrives together with the next one. */
export const FIRE_BURST = 2;
/** m/s. */
export const BULLET_SPEED = 40;
/** ms. */
export const BULLET_LIFE_MS = 1_500;
/** Points of life that a hit takes. */
export const BULLET_DAMAGE = 20;
/** Score of a kill. */
export const KILL_POINTS = 5;

/** Pickups that lie in the arena; a taken one comes back elsewhere at once. */
export const PICKUP_COUNT = 32;
/** m. A player may claim a pickup this far from its centre. */
export const PICKUP_REACH = 4;
/** Score of a pickup. */
export const PICKUP_POINTS = 1;
/** Claims per second of one player, and how many may come at once. */
export const MAX_CLAIMS_PER_SECOND = 10;
export const CLAIM_BURST = 20;

/** Chat lines per second of one player, and how many may come at once: each line goes out to everybody. */
export const MAX_CHAT_LINES_PER_SECOND = 4;
export const CHAT_BURST = 8;
/** bytes of UTF-8 in one chat line. */
export const MAX_CHAT_BYTES = 120;

/** Players in one world: a snapshot of so many (8 KiB) still goes out as a few fragments. */
export const MAX_PLAYERS = 1_024;
/** Bullets in the air; above it a shot is refused. Up to 340 players at full rate of fire (6 bullets each) fit. */
export const MAX_BULLETS = 2_048;

/** ms. A longer step of the world is cut to this, so that a stalled process does not let bullets jump. */
export const MAX_STEP_MS = 250;
