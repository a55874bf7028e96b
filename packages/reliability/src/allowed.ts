/**
 * Which data may go in a packet. On credit: what may borrow from the pace, see `PacketScheduler.peek`. Live: what a
 * game says in real time, on a path that answers nothing, see `isLive`; live and large: large messages of it, too.
 */
export const Allowed = { Nothing: 0, OnCredit: 1, All: 2, Live: 3, LiveAndLarge: 4 } as const;
export type Allowed = (typeof Allowed)[keyof typeof Allowed];
