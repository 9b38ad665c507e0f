/** The frame and the looks of every report: one HTML page that needs nothing from outside, on light and dark screens, wide and narrow ones. */
import { escapeHtml } from './text.ts'

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #5c6b7a; --line: #dde3e9; --paper: #fff; --good: #2f7f79; --bad: #d1603d; --state: #4a78b5 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf0; --soft: #9aa8b5; --line: #33404d; --paper: #161d24; --good: #58b3ab; --bad: #e98a6b; --state: #7fa8dd } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 920px; margin: 2.5rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem } h3 { font-size: .95rem; font-weight: 500; margin: 1rem 0 .3rem }
.soft { color: var(--soft) } code { font-size: .9em; overflow-wrap: anywhere }
.tiles { display: flex; flex-wrap: wrap; gap: .8rem } .tile { border: 1px solid var(--line); border-radius: 8px; padding: .6rem 1rem; min-width: 7.5rem }
.tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums }
.wide { overflow-x: auto } .broad { min-width: 620px } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) } th:first-child, td:first-child, .left { text-align: left } th { color: var(--soft); font-weight: 500 }
svg { width: 100%; height: auto } svg text { font: 12px system-ui, sans-serif; fill: var(--soft) }
.grid { stroke: var(--line) } .state, .bar { fill: var(--state) } .rejected { fill: var(--bad) }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(380px, 100%), 1fr)); gap: 0 1.6rem } figure { margin: 0 0 .6rem } .small { font-size: .85rem; margin: 0 0 .4rem; line-height: 1.35 }
.line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round } .dot { fill: var(--c) } .thin .line { stroke-width: 1 } .thin .dot { r: 1px }
.legend { margin: 0 0 .4rem } .legend span { margin-right: 1rem; display: inline-block } .legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border-radius: 2px } .legend .scale { width: 9em; margin: 0 .35em }
`

/**
 * @param style what this report alone needs, behind the style sheet that all share
 * @param body HTML: foreign text in it is escaped already
 */
export function document(title: string, style: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${style}</style>
</head>
<body>
${body}
</body>
</html>
`
}
