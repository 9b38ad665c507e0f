// The page of the classifier: makes a picture small, posts it, shows what it is. No server of its own, no build, no dependency.

/** The sides that the model's training pictures have. */
const SIDE = 384
const TIMEOUT_MS = 30_000
/** An answer that is less likely is told as a guess. */
const SURE = 2 / 3

const at = (id) => document.getElementById(id)
const [drop, file, camera, preview, hint] = ['drop', 'file', 'camera', 'preview', 'hint'].map(at)
let latest = 0

at('choose').addEventListener('click', () => file.click())
at('photograph').addEventListener('click', () => camera.click())
for (const input of [file, camera]) {
  input.addEventListener('change', () => {
    if (input.files?.[0]) classify(input.files[0])
    // The same picture may be chosen again.
    input.value = ''
  })
}
for (const type of ['dragenter', 'dragover']) {
  drop.addEventListener(type, (event) => {
    event.preventDefault()
    drop.classList.add('over')
  })
}
for (const type of ['dragleave', 'drop']) drop.addEventListener(type, () => drop.classList.remove('over'))
// A picture that misses the field must not replace the page.
addEventListener('dragover', (event) => event.preventDefault())
addEventListener('drop', (event) => {
  event.preventDefault()
  const dropped = event.dataTransfer?.files[0]
  if (dropped) classify(dropped)
})
addEventListener('paste', (event) => {
  const pasted = event.clipboardData?.files[0]
  if (pasted) classify(pasted)
})

async function classify(picture) {
  const turn = ++latest
  tell('Making the picture small …')
  at('result').hidden = true
  try {
    const image = await shrink(picture)
    if (turn !== latest) return
    show(picture)
    tell('Asking the classifier …')
    const answer = await ask(image)
    // Somebody has chosen another picture meanwhile.
    if (turn !== latest) return
    tell('')
    showAnswer(answer)
  } catch (error) {
    if (turn !== latest) return
    tell('', error.plain ?? 'Something went wrong in this page. Reload it and try again.')
    if (!error.plain) console.error(error)
  }
}

/** The picture upright, in the model's size, as base64 of a JPEG. */
async function shrink(picture) {
  let bitmap
  try {
    bitmap = await createImageBitmap(picture, { imageOrientation: 'from-image' })
  } catch {
    throw plain('This file is no picture that your browser can read. Choose a JPEG or a PNG.')
  }
  const canvas = document.createElement('canvas')
  canvas.width = SIDE
  canvas.height = SIDE
  const context = canvas.getContext('2d')
  context.fillStyle = '#fff'
  context.fillRect(0, 0, SIDE, SIDE)
  context.imageSmoothingQuality = 'high'
  context.drawImage(bitmap, 0, 0, SIDE, SIDE)
  bitmap.close()
  return canvas.toDataURL('image/jpeg', 0.92).replace(/^data:image\/jpeg;base64,/, '')
}

async function ask(image) {
  const { api } = await config()
  let response
  try {
    response = await fetch(api, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    throw plain(
      error.name === 'TimeoutError'
        ? 'The classifier did not answer in time. Try again in a moment.'
        : 'The classifier cannot be reached. Are you online, and is it running?',
    )
  }
  const answer = await response.json().catch(() => ({}))
  if (response.ok) return answer
  if (response.status === 429) throw plain('Too many pictures at once. Wait a moment and try again.')
  throw plain(answer.message ?? `The classifier answered with an error (${response.status}). Try again later.`)
}

let known
/** Where the classifier is: `config.json` lies beside this page and holds {"api": "https://…/classify"}. */
async function config() {
  known ??= fetch('config.json').then((response) => {
    if (!response.ok) throw new Error(response.statusText)
    return response.json()
  })
  try {
    const { api } = await known
    if (typeof api === 'string' && api) return { api }
  } catch {
    // Told below.
  }
  known = undefined
  throw plain('This page does not know where its classifier is: config.json is missing.')
}

function show(picture) {
  URL.revokeObjectURL(preview.src)
  preview.src = URL.createObjectURL(picture)
  preview.alt = `Your picture: ${picture.name || 'pasted'}`
  preview.hidden = false
  hint.hidden = true
}

function showAnswer({ class: best, probabilities, model }) {
  const sorted = Object.entries(probabilities).sort(([, a], [, b]) => b - a)
  const doubt = probabilities[best] < SURE ? 'Not sure: ' : ''
  at('answer').textContent = `${doubt}${percent(probabilities[best])} ${best}`
  at('model').textContent = model
  at('bars').replaceChildren(
    ...sorted.flatMap(([name, probability]) => {
      const [term, bar, value, fill] = ['dt', 'dd', 'dd', 'i'].map((tag) => document.createElement(tag))
      term.textContent = name
      value.textContent = percent(probability)
      // The number says the same to whoever cannot see the bar.
      bar.setAttribute('aria-hidden', 'true')
      bar.className = name === best ? 'bar best' : 'bar'
      fill.style.width = `${100 * probability}%`
      bar.append(fill)
      return [term, bar, value]
    }),
  )
  at('result').hidden = false
  at('answer').focus()
}

function tell(status, error = '') {
  at('status').textContent = status
  at('error').textContent = error
}

const percent = (share) => `${(100 * share).toFixed(share > 0.995 || share < 0.005 ? 1 : 0)} %`
const plain = (message) => Object.assign(new Error(message), { plain: message })
