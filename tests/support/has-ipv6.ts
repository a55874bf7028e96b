import { networkInterfaces } from "node:os";

/** Whether ::1 exists here, so that tests over IPv6 make sense. */
export function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === "::1"));
}
