/** The report as one self-contained HTML page. */
import { document } from '../../report/document.ts'
import { escapeHtml } from '../../report/text.ts'
import { calibration, confusion, type ModelReport, type Prediction, predicted, roc } from './model.ts'
import { calibrationPlot, curves, rocPlot } from './plots.ts'

export interface Pictures {
  /** Class → contact sheet. */
  classes: Record<string, string>
  augmented: string
  mistakes: { prediction: Prediction; picture: string }[]
}

const STYLE = `
:root { --one: var(--good); --two: var(--bad) } table { width: auto } figcaption { color: var(--soft) }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 1.2rem } .plots figure { max-width: 440px; overflow-x: auto }
.verdict { font-size: 1.1rem; margin: .8rem 0 }
img { max-width: 100%; border-radius: 6px; display: block } .wrong { display: flex; flex-wrap: wrap; gap: 1rem } .wrong figure { width: 9rem } .wrong img { width: 100% }
td.hit { font-weight: 600; color: var(--one) } td.miss { color: var(--two) }
path { fill: none; stroke-width: 2 } path.train { stroke: var(--two) } path.validation { stroke: var(--one) } path.diagonal { stroke: var(--line); stroke-dasharray: 4 4 } circle.train { fill: var(--two) } circle.validation { fill: var(--one) }
.key i { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px } .key .a { background: var(--two); margin-left: 0 } .key .b { background: var(--one) }
`

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

export function page(report: ModelReport, pictures: Pictures): string {
  const { execution, dataset, accuracy, folds, smokeTest } = report
  const { classes } = dataset
  const tiles: [string, string][] = [
    [percent(accuracy.heldOut), 'right, held out'],
    [percent(accuracy.validation), 'in validation'],
    [percent(accuracy.train), 'in training'],
    ...(folds
      ? [
          [`${percent(folds.mean)} ± ${(100 * folds.spread).toFixed(1)}`, `${folds.accuracies.length} folds`] as [
            string,
            string,
          ],
        ]
      : []),
    [`${smokeTest.latency.p50} ms`, 'endpoint, median'],
    [`${smokeTest.latency.p95} ms`, 'endpoint, p95'],
    [String(dataset.images.raw), 'raw images'],
    [String(dataset.images.rejected), 'quarantined'],
    [dataset.samples.total.toLocaleString('en-US'), 'samples'],
  ]
  return document(
    `Model: ${report.model}`,
    STYLE,
    `<h1>${escapeHtml(classes.join(' or '))}?</h1>
<p class="soft">Model <code>${escapeHtml(report.model)}</code>, made by execution <code>${escapeHtml(execution.name)}</code>, started ${escapeHtml(execution.startedAt)}; served by <code>${escapeHtml(report.endpoint)}</code>.</p>
${verdict(report)}
<div class="tiles">${tiles.map(([value, name]) => `<div class="tile"><b>${value}</b><span class="soft">${name}</span></div>`).join('')}</div>
${card(report)}
<h2>What it learned from</h2>
${classes.map((name) => `<h3>${escapeHtml(name)} <span class="soft">(${dataset.perClass[name] ?? 0} images)</span></h3>\n<img src="${pictures.classes[name]}" alt="Some of the pictures of ${escapeHtml(name)}">`).join('\n')}
<h3>Samples of one picture a row: as it is, its mirror image, and others</h3>
<img src="${pictures.augmented}" alt="Augmented samples, one raw picture a row">
${quarantine(report)}
<h2>How it learned</h2>
<div class="plots">
<figure>${curves(report.epochs)}<figcaption class="key"><i class="a"></i>training <i class="b"></i>validation</figcaption></figure>
${foldTable(report)}
</div>
<h2>What it knows</h2>
<p class="soft">Asked of the endpoint: ${smokeTest.predictions.length} pictures (held out and validation) that it never learned from.</p>
<div class="plots">
<figure>${confusionTable(report)}<figcaption>Rows are what it is, columns what the model says.</figcaption></figure>
${rocFigures(report)}
<figure>${calibrationPlot(calibration(smokeTest.predictions))}<figcaption>When it is so sure, it is so often right.</figcaption></figure>
</div>
<h2>Wrong, and how sure of it</h2>
${mistakeFigures(report, pictures)}`,
  )
}

/** What somebody wants to know who reads no further. */
function verdict({ dataset: { classes }, smokeTest }: ModelReport): string {
  const heldOut = smokeTest.predictions.filter(({ split }) => split === 'held-out')
  const wrong = heldOut.filter((prediction) => predicted(prediction) !== prediction.label)
  const missed = [...Map.groupBy(wrong, ({ label }) => label)]
    .map(([label, own]) => `${own.length} ${escapeHtml(classes[label] ?? '')}`)
    .join(', ')
  return `<p class="verdict"><b>Right about ${heldOut.length - wrong.length} of ${heldOut.length} pictures that it had never seen</b>${missed && `; wrong about ${missed}`}.</p>`
}

function card({ dataset }: ModelReport): string {
  const { train, validation, heldOut } = dataset.samples
  return `<h2>Model card</h2>
<p>A classifier of ${dataset.classes.length} classes, trained by SageMaker's Image Classification on ${train.toLocaleString('en-US')} samples of ${dataset.images.accepted} images. Images are divided as a whole, look-alikes together: none of its ${validation} validation and ${heldOut} held-out images has a sample among those it learned from. The held-out images chose nothing: neither the epoch nor the deployment gate saw them. It tells apart pictures like these, and says nothing sensible about others: a classifier of drawings does not know photographs.</p>`
}

function quarantine({ rejected }: ModelReport): string {
  if (rejected.length === 0) return ''
  const rows = rejected.map(
    ({ key, reason, detail }) =>
      `<tr><td>${escapeHtml(key)}</td><td class="left">${escapeHtml(reason.replaceAll('_', ' '))}</td><td class="left">${escapeHtml(detail)}</td></tr>`,
  )
  return `<h3>Quarantined</h3>\n<div class="wide"><table><thead><tr><th class="left">file</th><th class="left">reason</th><th class="left">detail</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`
}

function foldTable({ folds }: ModelReport): string {
  if (!folds) return ''
  const rows = folds.accuracies.map((accuracy, i) => `<tr><td>${i + 1}</td><td>${percent(accuracy)}</td></tr>`)
  return `<figure><table><thead><tr><th class="left">fold</th><th>right</th></tr></thead><tbody>${rows.join('')}</tbody></table><figcaption>Cross-validation by raw image: ${percent(folds.mean)}, standard deviation ${(100 * folds.spread).toFixed(1)} points.</figcaption></figure>`
}

function confusionTable({ dataset: { classes }, smokeTest }: ModelReport): string {
  const rows = confusion(smokeTest.predictions, classes.length).map((row, label) => {
    const cells = row.map(
      (count, said) => `<td class="${said === label ? 'hit' : count > 0 ? 'miss' : ''}">${count}</td>`,
    )
    return `<tr><td>${escapeHtml(classes[label] ?? '')}</td>${cells.join('')}</tr>`
  })
  return `<table><thead><tr><th></th>${classes.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`
}

/** Of two classes one curve says all. */
function rocFigures({ dataset: { classes }, smokeTest }: ModelReport): string {
  const shown = classes.length === 2 ? [1] : classes.map((_, label) => label)
  return shown
    .map((label) => {
      const { points, area } = roc(smokeTest.predictions, label)
      return `<figure>${rocPlot(points)}<figcaption>ROC of ${escapeHtml(classes[label] ?? '')}; the area is ${area.toFixed(3)}.</figcaption></figure>`
    })
    .join('\n')
}

function mistakeFigures({ dataset: { classes } }: ModelReport, { mistakes }: Pictures): string {
  if (mistakes.length === 0) return '<p>None of these pictures was taken for something else.</p>'
  const figures = mistakes.map(({ prediction, picture }) => {
    const said = classes[predicted(prediction)] ?? ''
    const name = prediction.key.slice(prediction.key.lastIndexOf('/') + 1)
    return `<figure><img src="${picture}" alt="${escapeHtml(name)}"><figcaption>said ${escapeHtml(said)}, ${percent(Math.max(...prediction.probabilities))}<br>${escapeHtml(name)}</figcaption></figure>`
  })
  return `<div class="wrong">${figures.join('\n')}</div>`
}
