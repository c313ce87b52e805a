/** A pause that can be cut short. */
export class Waker {
  #wake: (() => void) | null = null

  sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wake = () => {
      clearTimeout(timer)
      resolve()
    }
    return promise
  }

  wake(): void {
    this.#wake?.()
  }
}
