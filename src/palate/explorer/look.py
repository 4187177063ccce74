"""How the pages look, in light and in dark, and the few lines of script that need no server."""

CSS = """
:root { color-scheme: light dark;
  --ground: #fbfaf8; --panel: #ffffff; --ink: #1d1b19; --soft: #57534e; --line: #d6d3d1;
  --accent: #0b5c8a; --on-accent: #ffffff;
  --fill: #e7e5e4; --good: #0a6640; --bad: #a13a00; --star: #b45309; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #191816; --panel: #23211f; --ink: #f1efec; --soft: #b8b2ab; --line: #4a4642;
  --accent: #8cc8f0; --on-accent: #10222e;
  --fill: #3a3733; --good: #6fd3a3; --bad: #ffab7a; --star: #fbbf24; } }
@layer overrides {
  html, body, body.body--dark, body.body--light, .q-layout, .q-page {
    background: var(--ground) !important; color: var(--ink); }
  body { font: 16px/1.45 system-ui, sans-serif; }
  .nicegui-content { padding: 0; gap: 0; display: block; width: 100%; }
}
.p-skip { position: absolute; left: -9999px; }
.p-skip:focus { left: .5rem; top: .5rem; z-index: 10; background: var(--panel); padding: .5rem; }
.p-head { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.25rem;
  padding: .75rem 1rem; background: var(--panel); border-bottom: 1px solid var(--line); }
.p-brand { font-weight: 700; letter-spacing: .01em; font-size: 1.15rem; color: var(--ink);
  text-decoration: none; }
.p-nav { display: flex; flex-wrap: wrap; gap: .1rem .9rem; }
.p-nav a { padding: .25rem 0; text-decoration: none; border-bottom: 2px solid transparent; }
.p-nav a[aria-current] { border-color: currentColor; font-weight: 600; color: var(--ink); }
.p-page a, .p-head a { color: var(--accent); }
.p-page a { text-underline-offset: .15em; }
.p-page { max-width: 76rem; margin: 0 auto; padding: 1rem; display: block; outline: none; }
.p-page h1 { font-size: 1.6rem; line-height: 1.2; margin: .25rem 0 .5rem; font-weight: 700;
  letter-spacing: -.01em; }
.p-page h2 { font-size: 1.15rem; line-height: 1.3; margin: 1.5rem 0 .4rem; font-weight: 650; }
.p-page h3 { font-size: .95rem; line-height: 1.3; margin: .75rem 0 .3rem; font-weight: 650; }
.p-page p { margin: 0 0 .6rem; max-width: 46rem; }
.soft { color: var(--soft); } .small { font-size: .875rem; }
.p-note { border-left: 4px solid var(--bad); background: var(--panel); padding: .6rem .9rem;
  margin: 0 0 1rem; }
.p-tools { display: flex; flex-wrap: wrap; gap: .6rem 1.25rem; align-items: end; margin: .25rem 0 1rem; }
.p-field { display: flex; flex-direction: column; gap: .15rem; font-size: .875rem; color: var(--soft);
  max-width: 100%; }
.p-field input, .p-field select, .p-text { font: inherit; font-size: 1rem; color: var(--ink);
  background: var(--panel); border: 1px solid var(--soft); border-radius: .3rem;
  padding: .35rem .55rem; min-height: 2.25rem; max-width: 100%; }
.p-field input[type=range] { padding: 0; border: 0; background: none; accent-color: var(--accent);
  width: 14rem; }
.p-search { width: 30rem; max-width: 100%; }
.p-button { font: inherit; font-size: .875rem; color: var(--accent); background: transparent;
  border: 1px solid var(--accent);
  border-radius: .3rem; padding: .2rem .6rem; min-height: 1.9rem; cursor: pointer; }
.p-button.solid { background: var(--accent); color: var(--on-accent); }
.p-button:disabled { opacity: .55; cursor: default; }
.p-quiet { font: inherit; font-size: .8rem; color: var(--soft); background: none; border: 0;
  padding: .2rem; min-height: 1.5rem; text-decoration: underline; cursor: pointer; }
:focus-visible, .stars:focus-within { outline: 3px solid var(--accent); outline-offset: 2px;
  border-radius: .2rem; }
.p-figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr));
  gap: .75rem; margin: .5rem 0; }
.p-panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr));
  gap: .75rem; margin: .5rem 0; }
.p-card table { font-size: .92rem; } .p-figures td:last-child { white-space: nowrap; }
.p-card > p:last-child { margin: .5rem 0 0; } .p-counts td { vertical-align: middle !important; }
.p-card { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem;
  padding: .7rem .9rem; min-width: 0; }
.p-card h2, .p-card h3 { margin-top: 0; }
.p-page table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
.p-page th { text-align: left; font-weight: 600; color: var(--soft); font-size: .8rem;
  padding: .2rem .5rem .2rem 0; vertical-align: bottom; }
.p-page td { padding: .2rem .5rem .2rem 0; vertical-align: top; border-top: 1px solid var(--line);
  overflow-wrap: break-word; }
.p-scroll { overflow-x: auto; max-width: 100%; }
.p-three { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr));
  gap: .5rem 1.5rem; }
.p-person { border-top: 1px solid var(--line); padding: .6rem 0 1rem; }
.p-person h2 { margin: .25rem 0; }
.p-list { list-style: none; margin: 0; padding: 0; display: block; counter-reset: none; }
.p-list > li { padding: .45rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.p-list a { color: var(--ink); text-decoration-color: var(--soft); } .p-list a:hover { color: var(--accent); }
.p-list > li.p-line { align-items: center; } .p-open { flex-basis: 100%; }
.p-list.tight > li { padding: .2rem 0; font-size: .92rem; }
.p-line { display: flex; flex-wrap: wrap; gap: .1rem .6rem; align-items: baseline; }
.p-list.tight .p-bar { width: 7rem; }
.p-under { padding-left: 2.2rem; margin-top: .1rem; } .p-act { margin-left: auto; }
.p-legend > li { border: 0; padding: 0; } .p-legend { margin-bottom: .2rem; }
.p-rank { color: var(--soft); min-width: 1.6rem; text-align: right; font-variant-numeric: tabular-nums; }
.p-grow { flex: 1 1 9rem; min-width: 0; }
.p-mark { font-size: .8rem; font-weight: 600; } .p-mark.rose, .p-mark.new { color: var(--good); }
.p-mark.fell { color: var(--bad); }
.p-bar { position: relative; display: block; height: .5rem; width: 9rem; max-width: 100%;
  background: var(--fill); border-radius: .25rem; }
.p-bar i { position: absolute; top: 0; bottom: 0; background: var(--accent); opacity: .45;
  border-radius: .25rem; }
.p-bar b { position: absolute; top: -.15rem; bottom: -.15rem; width: .2rem; margin-left: -.1rem;
  background: var(--ink); }
.stars { position: relative; display: inline-block; font-size: 1.7rem; line-height: 1.1; direction: ltr; }
.stars::before, .stars::after { content: "\\2605\\2605\\2605\\2605\\2605"; display: block;
  overflow: hidden; white-space: nowrap; font-family: "DejaVu Sans", "Segoe UI Symbol", sans-serif; }
.stars::before { color: var(--fill); -webkit-text-stroke: 1px var(--soft); }
.stars::after { position: absolute; left: 0; top: 0; color: var(--star); width: calc(var(--part, 0) * 100%); }
.stars input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: pointer; z-index: 1; }
.p-map { width: 100%; height: min(70vh, 40rem); min-height: 20rem; }
.p-chart { width: 100%; height: 15rem; }
.p-page details summary { cursor: pointer; color: var(--accent); padding: .2rem 0; display: list-item; }
.hidden-text { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
.nicegui-error-popup { background: #7a2e00 !important; color: #fff !important; margin: 0 !important;
  width: 100%; padding: .8rem 1rem !important; gap: .1rem !important; border-radius: 0 !important; }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
@media (max-width: 30rem) {
  .p-page { padding: .75rem .6rem; } .p-head { padding: .6rem; }
  .p-field:has(input[type=range]) { width: 100%; } .p-field input[type=range] { width: 100%; }
  .p-nav { font-size: .95rem; gap: 0 .8rem; } .p-card { padding: .6rem .7rem; }
  .p-figures td { font-size: .85rem; } .p-list.tight .p-bar { width: 7rem; }
.p-under { padding-left: 0; }
}
"""

SCRIPT = """<script>
window.palateStars = {
  names: (el) => el.dataset.values.split('|'),
  show(el) {
    const n = Number(el.max), v = Number(el.value);
    el.parentElement.style.setProperty('--part', v / n);
    const names = this.names(el), text = v ? names[v - 1] + ' of ' + names[n - 1] : 'not rated';
    el.setAttribute('aria-valuetext', text);
  },
  at(e) {
    const box = e.target.getBoundingClientRect();
    const part = Math.min(1, Math.max(0.001, (e.clientX - box.left) / box.width));
    e.target.value = Math.ceil(part * Number(e.target.max));
  },
  down(e) {
    e.preventDefault(); e.target.focus(); this.at(e); this.show(e.target);
    e.target.setPointerCapture(e.pointerId);
  },
  move(e) { if (e.buttons & 1) { this.at(e); this.show(e.target); } },
  up(e, emit) { this.at(e); this.show(e.target); this.send(e.target, emit, 0); },
  input(e, emit) { this.show(e.target); this.send(e.target, emit, 350); },
  send(el, emit, wait) {
    clearTimeout(el.palateTimer);
    el.palateTimer = setTimeout(() => { if (Number(el.value)) emit(Number(el.value)); }, wait);
  },
};
</script>"""
