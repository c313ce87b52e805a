import { constants, deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { CAPABILITY, has } from '../wire/mysql/capabilities.ts'
import type { Compression } from '../wire/mysql/compressed.ts'

/** A client may name a level up to 22; what is above this costs seconds for a piece and is hardly smaller. */
const ZSTD_LEVEL_MAX = 6
const ZSTD_LEVEL_DEFAULT = 3
/** A frame holds at most 16 MiB, so no window needs to be larger: it is memory that a peer can demand. */
const ZSTD_WINDOW_LOG_MAX = 24

const ZLIB: Compression = {
  compress: (bytes) => deflateSync(bytes),
  decompress: (bytes, maxBytes) => inflateSync(bytes, { maxOutputLength: maxBytes }),
}

/** What was agreed in the login. With both algorithms it is zlib, as servers choose (CLIENT_ZSTD_COMPRESSION_ALGORITHM). */
export function compressionOf(capabilities: number, zstdLevel: number | null): Compression | null {
  if (has(capabilities, CAPABILITY.compress)) return ZLIB
  return has(capabilities, CAPABILITY.zstd) ? zstd(zstdLevel ?? ZSTD_LEVEL_DEFAULT) : null
}

function zstd(asked: number): Compression {
  const level = Math.min(Math.max(asked, 1), ZSTD_LEVEL_MAX)
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  const limits = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX }
  return {
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    decompress: (bytes, maxBytes) => zstdDecompressSync(bytes, { maxOutputLength: maxBytes, params: limits }),
  }
}
