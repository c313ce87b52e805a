/** A session's process id as the server has it, and as its client was told. */
export interface ProcessIds {
  readonly server: number
  readonly client: number
}

/** After the type and the length ("NotificationResponse"). */
const PROCESS_ID_AT = 5

/**
 * A client tells its own notifications from those of others by the process id that it was given at its login (libpq,
 * "Asynchronous Notification"), which here is the proxy's number. That of another session is the server's, as it is.
 */
export function asClientKnows(notification: Uint8Array, { server, client }: ProcessIds): Uint8Array {
  const given = new DataView(notification.buffer, notification.byteOffset, notification.byteLength)
  if (notification.length < PROCESS_ID_AT + 4 || given.getInt32(PROCESS_ID_AT) !== server) return notification
  // A slice of what came from a socket would be the same memory.
  const own = new Uint8Array(notification)
  new DataView(own.buffer).setInt32(PROCESS_ID_AT, client)
  return own
}
