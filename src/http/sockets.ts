import type { Server } from 'node:http'
import { BlockList, isIP } from 'node:net'

const MAX_SOCKETS = 2000
/** An office behind one address has as many. */
const MAX_SOCKETS_PER_ADDRESS = 200
const NUMERIC_V6 = 6

/** One address can't take all the connections: revocations and locks come in by the same door. Proxies of one's own may. */
export function limitSockets(server: Server, trustedProxies: readonly string[]): void {
  server.maxConnections = MAX_SOCKETS
  const trusted = new BlockList()
  for (const network of trustedProxies) {
    const [address = '', bits = ''] = network.split('/')
    trusted.addSubnet(address, Number(bits), familyOf(address))
  }
  const open = new Map<string, number>()
  server.on('connection', (socket) => {
    const { remoteAddress: address } = socket
    if (address === undefined || trusted.check(address, familyOf(address))) return
    const count = (open.get(address) ?? 0) + 1
    open.set(address, count)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
    if (count > MAX_SOCKETS_PER_ADDRESS) socket.destroy()
  })
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === NUMERIC_V6 ? 'ipv6' : 'ipv4'
}
