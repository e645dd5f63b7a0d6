// The agent's microphone: choosing, opening, its level, and replacing one that was pulled out.
//
// Event 'replaced': `stream` is a new one.

const KEPT = 'tsunagu.microphone'; // the chosen device, per computer
const METER_FLOOR_DB = -60;

export class Microphone extends EventTarget {
  #processing;
  #meter = null;
  stream = null;

  /** @param {boolean} processing echo cancellation, noise suppression and gain control; tests with tones go without */
  constructor(processing) {
    super();
    this.#processing = processing;
  }

  /** The open stream; asks for permission at the first time. Throws DOMException when there is none. */
  async open() {
    const [track] = this.stream?.getAudioTracks() ?? [];
    if (track?.readyState === 'live') return this.stream;
    const deviceId = localStorage.getItem(KEPT);
    const audio = {
      echoCancellation: this.#processing,
      noiseSuppression: this.#processing,
      autoGainControl: this.#processing,
      ...(deviceId ? { deviceId: { ideal: deviceId } } : {}),
    };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio, video: false });
    const [opened] = this.stream.getAudioTracks();
    opened.addEventListener('ended', () => this.#reopen(opened));
    return this.stream;
  }

  /** All microphones as {id, label}. */
  async devices() {
    const all = await navigator.mediaDevices.enumerateDevices();
    return all
      .filter(({ kind }) => kind === 'audioinput')
      .map(({ deviceId: id, label }, i) => ({ id, label: label || `マイク ${i + 1}` }));
  }

  get chosen() {
    return this.stream?.getAudioTracks()[0]?.getSettings().deviceId ?? localStorage.getItem(KEPT) ?? '';
  }

  async choose(id) {
    localStorage.setItem(KEPT, id);
    this.close();
    await this.open();
    this.dispatchEvent(new Event('replaced'));
  }

  /** Calls `show(0…1)` about 15 times a second until the returned function is called. */
  async watchLevel(show) {
    this.#meter?.();
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 2048 });
    const source = context.createMediaStreamSource(await this.open());
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
      const db = 10 * Math.log10(power + 1e-12);
      show(Math.min(1, Math.max(0, 1 - db / METER_FLOOR_DB)));
    }, 66);
    this.#meter = () => {
      clearInterval(timer);
      context.close();
      this.#meter = null;
    };
    return this.#meter;
  }

  close() {
    this.#meter?.();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
  }

  async #reopen(ended) {
    const current = this.stream?.getAudioTracks()[0] ?? null;
    if (current !== ended) return; // another one was chosen meanwhile
    this.stream = null;
    try {
      await this.open();
      this.dispatchEvent(new Event('replaced'));
    } catch {
      // No microphone left: when one is plugged in, it is taken.
      navigator.mediaDevices.addEventListener('devicechange', () => this.#reopen(null), { once: true });
    }
  }
}
