/**
 * A transformation with faults. A user called "Fault …" says which: some are of the record, and some are of all of its batch. The deployment
 * package is this file.
 */
const OF_THE_BATCH = ['Throw', 'TimeOut', 'OtherIds', 'TooFew', 'Twice', 'Oversize', 'NoJson']
const NAME = /"full_name":"Fault (\w+)"/
const base64 = (text) => Buffer.from(text).toString('base64')

export async function handler({ records }) {
  const texts = records.map(({ data }) => Buffer.from(data, 'base64').toString())
  const faults = texts.map((text) => (text.startsWith('FAIL') ? 'Fail' : NAME.exec(text)?.[1]))
  const answer = records.map(({ recordId, data }, i) => {
    switch (faults[i]) {
      case 'Drop':
        return { recordId, result: 'Dropped', data }
      case 'Fail':
        return { recordId, result: 'ProcessingFailed', data }
      case 'Nonsense':
        return { recordId, result: 'Fine', data }
      case 'NoData':
        return { recordId, result: 'Ok' }
      default:
        return { recordId, result: 'Ok', data: base64(`${texts[i]}\n`) }
    }
  })
  switch (OF_THE_BATCH.find((fault) => faults.includes(fault))) {
    case 'Throw':
      throw new RangeError('This batch is one too many.')
    case 'TimeOut':
      return new Promise(() => {})
    case 'OtherIds':
      return { records: answer.map((one) => ({ ...one, recordId: `${one.recordId}-other` })) }
    case 'TooFew':
      return { records: answer.slice(0, Math.floor(answer.length / 2)) }
    case 'Twice':
      return { records: [...answer, ...answer] }
    case 'Oversize':
      return {
        records: answer.map((one, i) => (i === 0 ? { ...one, data: base64('x'.repeat(6 * 1024 * 1024)) } : one)),
      }
    case 'NoJson':
      return 'nothing of the kind'
    default:
      return { records: answer }
  }
}
