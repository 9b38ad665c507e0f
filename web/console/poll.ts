/** Asks again and again while the page is visible. */
import { useEffect, useState } from 'preact/hooks'

/** The newest answer, and the newest error if the last question failed. `load` returns false in `again` to stop asking. */
export function usePoll<T>(load: () => Promise<T>, again: (value: T) => boolean, everyMs: number, key: string) {
  const [value, setValue] = useState<T>()
  const [error, setError] = useState<Error>()
  useEffect(() => {
    let ended = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const ask = async () => {
      let more = true
      try {
        if (document.visibilityState === 'visible' || timer === undefined) {
          const loaded = await load()
          if (ended) return
          setValue(loaded)
          setError(undefined)
          more = again(loaded)
        }
      } catch (problem) {
        if (!ended) setError(problem as Error)
      }
      if (!ended && more) timer = setTimeout(ask, everyMs)
    }
    void ask()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }, [key])
  return { value, error }
}
