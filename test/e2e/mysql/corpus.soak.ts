/** All of the corpus, of which `npm test` runs a fifth: some minutes. */
process.env.SALLYPORT_WHOLE = '1'
await import('./corpus.test.ts')
