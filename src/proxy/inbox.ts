import type { Duplex } from 'node:stream'
import { SallyportError } from '../errors.ts'

/**
 * One chunk at a time from a socket, for the steps before a session runs. Between two pulls the socket is paused and
 * carries no listener of ours, so that TLS can take it over at any step with nothing read too far.
 */
export function pull(socket: Duplex): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const settle = (act: () => void) => {
    socket.off('data', onData)
    socket.off('close', onClose)
    socket.off('error', onClose)
    socket.pause()
    act()
  }
  const onData = (chunk: Uint8Array) => settle(() => resolve(chunk))
  const onClose = () => settle(() => reject(new SallyportError('SP-PROTOCOL', 'the client went away before its login')))
  if (socket.destroyed || socket.readableEnded) {
    reject(new SallyportError('SP-PROTOCOL', 'the client went away before its login'))
    return promise
  }
  socket.on('data', onData)
  socket.on('close', onClose)
  socket.on('error', onClose)
  socket.on('end', onClose)
  socket.resume()
  return promise.finally(() => socket.off('end', onClose))
}
