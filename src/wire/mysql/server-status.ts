/** Status flags of OK and EOF packets ("SERVER_STATUS_flags_enum"). */
export const STATUS = {
  inTransaction: 0x1,
  autocommit: 0x2,
  moreResults: 0x8,
  noGoodIndexUsed: 0x10,
  noIndexUsed: 0x20,
  cursorExists: 0x40,
  lastRowSent: 0x80,
  noBackslashEscapes: 0x200,
  queryWasSlow: 0x800,
  psOutParameters: 0x1000,
  inReadOnlyTransaction: 0x2000,
  sessionStateChanged: 0x4000,
} as const
