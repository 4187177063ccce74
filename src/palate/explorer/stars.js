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
