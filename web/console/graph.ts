/** A state machine's definition as a picture: laid out by ELK, drawn as SVG, coloured by what each state did. */
import elk, { type ELK, type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js'
import type { StateRun } from './history.ts'
import { html } from './html.ts'

interface State {
  Type: string
  Next?: string
  End?: boolean
  Default?: string
  Choices?: { Next: string }[]
  Catch?: { Next: string }[]
  Branches?: Flow[]
  ItemProcessor?: Flow
  Iterator?: Flow
}

export interface Flow {
  StartAt: string
  States: Record<string, State>
}

/** The package is CommonJS: bundlers give its class itself, its types a namespace. */
const Elk = elk as unknown as new () => ELK

const LETTER_WIDTH = 7.2
const NODE_HEIGHT = 34
const NODE_PADDING = 34
/** What is inside of a Map is entered often, and says how often. */
const COUNT_WIDTH = ' ×10,000'.length * LETTER_WIDTH
const layout = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.spacing.nodeNode': '26',
  'elk.edgeRouting': 'SPLINES',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
}
/** The way of success goes down and straight; what a Catch leads to goes round it. */
const mainWay = {
  'elk.layered.priority.direction': '10',
  'elk.layered.priority.straightness': '10',
  'elk.layered.priority.shortness': '10',
}
const container = { ...layout, 'elk.padding': '[top=34,left=16,bottom=16,right=16]' }

/** No edge crosses the frame of a Map or a Parallel, so each is laid out by itself. */
export async function layOut(flow: Flow): Promise<ElkNode> {
  return new Elk().layout({ id: 'root', layoutOptions: layout, ...children(flow, '') })
}

function children(flow: Flow, prefix: string, inMap = false): { children: ElkNode[]; edges: ElkExtendedEdge[] } {
  const id = (name: string) => `${prefix}${name}`
  const nodes: ElkNode[] = []
  const edges: ElkExtendedEdge[] = []
  const edge = (from: string, to: string, kind: string) =>
    edges.push({
      id: `${prefix}${from}>${to}:${kind}:${edges.length}`,
      sources: [id(from)],
      targets: [id(to)],
      layoutOptions: kind === 'next' ? mainWay : {},
    })
  if (prefix === '') {
    nodes.push({ id: id('#start'), width: 18, height: 18 })
    edge('#start', flow.StartAt, 'next')
  }
  for (const [name, state] of Object.entries(flow.States)) {
    const inner = state.Branches ?? [state.ItemProcessor ?? state.Iterator].filter((flow) => flow !== undefined)
    const node: ElkNode = {
      id: id(name),
      labels: [{ text: name }],
      width: name.length * LETTER_WIDTH + NODE_PADDING + (inMap ? COUNT_WIDTH : 0),
      height: NODE_HEIGHT,
    }
    if (inner.length > 0) {
      node.layoutOptions = container
      const parts = inner.map((flow, index) =>
        children(flow, `${id(name)}/${inner.length > 1 ? index : ''}:`, inMap || state.Type === 'Map'),
      )
      node.children = parts.flatMap((part) => part.children)
      node.edges = parts.flatMap((part) => part.edges)
    }
    nodes.push(node)
    if (state.Next) edge(name, state.Next, 'next')
    if (state.Default) edge(name, state.Default, 'next')
    for (const choice of state.Choices ?? []) edge(name, choice.Next, 'next')
    for (const target of new Set((state.Catch ?? []).map((one) => one.Next))) edge(name, target, 'catch')
  }
  return { children: nodes, edges }
}

/** The states of the picture are buttons: `onPick` gets the name of the one that was pressed. */
export function Graph(props: {
  picture: ElkNode
  runs: Map<string, StateRun>
  picked: string | undefined
  onPick: (name: string) => void
}) {
  const { picture } = props
  return html`<svg class="graph" viewBox=${`-8 -8 ${(picture.width ?? 0) + 16} ${(picture.height ?? 0) + 16}`}
    style=${`max-width:${(picture.width ?? 0) + 16}px`} role="group" aria-label="State machine">
    <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
      <path d="M0,0 L8,4 L0,8 z" /></marker></defs>
    ${edgesOf(picture, 0, 0)}${nodesOf(picture, 0, 0, props)}
  </svg>`
}

function nodesOf(parent: ElkNode, dx: number, dy: number, props: Parameters<typeof Graph>[0]): unknown[] {
  return (parent.children ?? []).map((node) => {
    const x = dx + (node.x ?? 0)
    const y = dy + (node.y ?? 0)
    const width = node.width ?? 0
    const height = node.height ?? 0
    const name = node.labels?.[0]?.text
    if (!name) return html`<circle class="start" cx=${x + width / 2} cy=${y + height / 2} r="8" />`
    const run = props.runs.get(name)
    const kind = `state ${run?.status ?? 'waiting'} ${node.children ? 'container' : ''} ${props.picked === name ? 'picked' : ''}`
    const count = run && run.visits.length > 1 ? ` ×${run.visits.length.toLocaleString('en-US')}` : ''
    const label = `${name}: ${run?.status ?? 'waiting'}`
    return html`<g class=${kind} role="button" tabindex="0" aria-label=${label} onClick=${(event: Event) => {
      event.stopPropagation()
      props.onPick(name)
    }} onKeyDown=${(event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return
      // Neither scrolls the page, nor presses the Map or Parallel around it.
      event.preventDefault()
      event.stopPropagation()
      props.onPick(name)
    }}>
      <rect x=${x} y=${y} width=${width} height=${height} rx="8" />
      <text x=${x + width / 2} y=${node.children ? y + 21 : y + height / 2 + 4.5} text-anchor="middle">${name}${count}</text>
      ${nodesOf(node, x, y, props)}
    </g>`
  })
}

function edgesOf(parent: ElkNode, dx: number, dy: number): unknown[] {
  const own = (parent.edges ?? []).flatMap((edge) =>
    (edge.sections ?? []).map(({ startPoint, bendPoints = [], endPoint }) => {
      const points = [startPoint, ...bendPoints, endPoint].map(({ x, y }) => `${x + dx} ${y + dy}`)
      return html`<path class=${edge.id.includes(':catch:') ? 'edge catch' : 'edge'} d=${curve(points)} marker-end="url(#arrow)" />`
    }),
  )
  const inner = (parent.children ?? []).map((node) => edgesOf(node, dx + (node.x ?? 0), dy + (node.y ?? 0)))
  return [own, inner]
}

/** ELK's splines are cubic Bézier curves: a start, then three points a piece. */
function curve([start, ...rest]: string[]): string {
  let path = `M ${start}`
  let index = 0
  for (; index + 2 < rest.length; index += 3) path += ` C ${rest[index]}, ${rest[index + 1]}, ${rest[index + 2]}`
  for (; index < rest.length; index++) path += ` L ${rest[index]}`
  return path
}
