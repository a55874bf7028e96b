/** First byte of every message: below 0x80 from client to server, from 0x80 on from server to client. */
export const MessageType = {
  Input: 0x01,
  Shot: 0x02,
  Probe: 0x03,
  Chat: 0x04,
  Claim: 0x05,
  AuditRequest: 0x06,

  Welcome: 0x80,
  Joined: 0x81,
  Left: 0x82,
  Placed: 0x83,
  Hits: 0x84,
  Scores: 0x85,
  ClaimResult: 0x86,
  AuditReply: 0x87,

  ChatLine: 0x90,
  Pickup: 0x91,

  Snapshot: 0xa0,
  Tracers: 0xa1,
  ProbeReply: 0xa2,
  ShotResult: 0xa3,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];
