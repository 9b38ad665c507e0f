/** What the killed process runs: tasks in a row, in a Map and in a Parallel. */
import { infoOf } from './support.ts'

const task = (Arguments: unknown) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments,
  End: true,
})

export const killInfo = infoOf('killed')

export function killDefinition(tasks: number): object {
  const half = Math.floor(tasks / 2)
  return {
    QueryLanguage: 'JSONata',
    StartAt: 'Count',
    States: {
      Count: { Type: 'Pass', Assign: { i: 0 }, Next: 'Step' },
      Step: {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke',
        Arguments: "{% 'step ' & $string($i) %}",
        Assign: { i: '{% $i + 1 %}' },
        Next: 'More',
      },
      More: { Type: 'Choice', Choices: [{ Condition: `{% $i < ${half} %}`, Next: 'Step' }], Default: 'Each' },
      Each: {
        Type: 'Map',
        Items: `{% [1..${tasks - half - 2}] %}`,
        MaxConcurrency: 4,
        ItemProcessor: { StartAt: 'Item', States: { Item: task("{% 'item ' & $string($states.input) %}") } },
        Next: 'Both',
      },
      Both: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'Left', States: { Left: task('left') } },
          { StartAt: 'Right', States: { Right: task('right') } },
        ],
        Output: {
          items: '{% $count($states.input) %}',
          last: '{% $states.input[-1] %}',
          steps: '{% $i %}',
          both: '{% $states.result %}',
        },
        End: true,
      },
    },
  }
}
