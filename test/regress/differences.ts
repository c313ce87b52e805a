/** Tests of the suite whose answers differ through the proxy, and why they must. */
export const EXPLAINED: ReadonlyMap<string, string> = new Map()
