import { Reader } from '../../bytes/reader.ts'
import { message, readString, writeString } from './message.ts'
import { SERVER } from './type-bytes.ts'

export interface NotificationResponse {
  readonly kind: 'notificationResponse'
  readonly pid: number
  readonly channel: string
  readonly payload: string
}

export function decodeNotification(body: Uint8Array): NotificationResponse {
  const reader = new Reader(body)
  const pid = reader.i32be()
  const channel = readString(reader)
  const payload = readString(reader)
  reader.expectEnd()
  return { kind: 'notificationResponse', pid, channel, payload }
}

export function encodeNotification({ pid, channel, payload }: NotificationResponse): Uint8Array {
  return message(SERVER.notificationResponse, (writer) => {
    writer.i32be(pid)
    writeString(writer, channel)
    writeString(writer, payload)
  })
}
