// The browser as the agent's telephone: SIP over WebSocket, voice over WebRTC (JsSIP).
//
// It answers by itself, but only the dialer's own leg, which carries the header X-Tsunagu-Leg. It mends what breaks:
//   * a registration that failed is tried again (JsSIP gives up after a time-out);
//   * after a WebSocket that was lost and came back, each call is re-invited, or the server's BYE would go to the
//     connection that is gone; the same with an ICE restart when the media path has failed;
//   * a microphone that was pulled out is replaced by the next one.
//
// Events: 'change', after any change of `state`.

import { UA, WebSocketInterface } from '../vendor/jssip-3.13.8.min.js';

const LEG_HEADER = 'X-Tsunagu-Leg';
const REGISTER_EXPIRES_S = 60;
const REGISTER_AGAIN_MS = 3_000;
const NOT_OURS = 480;

export class Phone extends EventTarget {
  #ua = null;
  #session = null;
  #microphone;
  #audio;
  #lostSocket = false;
  #state = { registered: false, inCall: false, iceState: null, muted: false, held: false, silent: false };

  /**
   * @param {Microphone} microphone gives the agent's voice
   * @param {HTMLAudioElement} audio plays the callee's
   */
  constructor(microphone, audio) {
    super();
    this.#microphone = microphone;
    this.#audio = audio;
    microphone.addEventListener('replaced', () => this.#replaceTrack());
  }

  /** A copy of what is the case: registered, inCall, iceState, muted, held, silent (the browser refused to play). */
  get state() {
    return { ...this.#state };
  }

  get started() {
    return this.#ua !== null;
  }

  /** Registers as the seat of POST /api/seat; what happens then is in `state`. */
  start({ uri, password, ws_url: wsUrl }) {
    const url = new URL(wsUrl, location.href.replace(/^http/, 'ws')).href;
    this.#ua = new UA({
      sockets: [new WebSocketInterface(url)],
      uri,
      password,
      register_expires: REGISTER_EXPIRES_S,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 4,
      user_agent: 'Tsunagu',
    });
    this.#ua.on('registered', () => {
      this.#set({ registered: true });
      if (this.#lostSocket) this.#renegotiate();
      this.#lostSocket = false;
    });
    this.#ua.on('unregistered', () => this.#set({ registered: false }));
    this.#ua.on('registrationFailed', () => {
      this.#set({ registered: false });
      const ua = this.#ua;
      setTimeout(() => ua === this.#ua && ua?.isConnected() && ua.register(), REGISTER_AGAIN_MS);
    });
    this.#ua.on('disconnected', () => {
      this.#lostSocket = true;
      this.#set({ registered: false });
    });
    this.#ua.on('newRTCSession', (event) => this.#ring(event));
    this.#ua.start();
  }

  /** Unregisters and ends the leg. */
  stop() {
    this.#ua?.stop();
    this.#ua = null;
    this.#session = null;
    this.#lostSocket = false;
    this.#set({ registered: false, inCall: false, iceState: null, muted: false, held: false });
  }

  mute(on) {
    if (!this.#state.inCall) return;
    if (on) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
  }

  hold(on) {
    if (!this.#state.inCall) return;
    if (on) this.#session.hold();
    else this.#session.unhold();
  }

  /** One of 0–9, *, #, sent as RFC 4733 in the voice stream. */
  sendDigit(digit) {
    if (this.#state.inCall) this.#session.sendDTMF(digit, { transportType: 'RFC2833' });
  }

  /** Tries again to play, in a click, where the browser demands one. */
  async play() {
    try {
      await this.#audio.play();
      this.#set({ silent: false });
    } catch (error) {
      if (error.name !== 'AbortError') this.#set({ silent: true });
    }
  }

  async #ring({ originator, session, request }) {
    if (originator !== 'remote') return;
    if (!request.getHeader(LEG_HEADER)) {
      session.terminate({ status_code: NOT_OURS });
      return;
    }
    session.on('peerconnection', ({ peerconnection }) => this.#watch(session, peerconnection));
    session.on('icecandidate', ({ candidate, ready }) => {
      // The first host candidate is enough on a local network; waiting for all costs 100 ms.
      if (/ udp .* typ host/i.test(candidate.candidate)) ready();
    });
    session.on('confirmed', () => session === this.#session && this.#set({ inCall: true }));
    for (const name of ['muted', 'unmuted', 'hold', 'unhold']) {
      session.on(name, () => {
        if (session !== this.#session) return;
        this.#set({ muted: Boolean(session.isMuted().audio), held: session.isOnHold().local });
      });
    }
    for (const name of ['ended', 'failed']) {
      session.on(name, () => {
        if (session !== this.#session) return; // a newer leg has taken its place
        this.#session = null;
        this.#set({ inCall: false, iceState: null, muted: false, held: false });
      });
    }
    this.#session = session;
    try {
      const mediaStream = await this.#microphone.open();
      session.answer({ mediaStream, pcConfig: { iceServers: [], rtcpMuxPolicy: 'require' } });
    } catch {
      if (!session.isEnded()) session.terminate({ status_code: NOT_OURS });
    }
  }

  #watch(session, connection) {
    connection.addEventListener('track', ({ streams, track }) => {
      this.#audio.srcObject = streams[0] ?? new MediaStream([track]);
      this.play();
    });
    connection.addEventListener('iceconnectionstatechange', () => {
      if (session !== this.#session) return;
      this.#set({ iceState: connection.iceConnectionState });
      if (connection.iceConnectionState === 'failed') this.#renegotiate();
    });
  }

  #renegotiate() {
    if (this.#session?.isEstablished() && this.#state.registered) {
      this.#session.renegotiate({ rtcOfferConstraints: { iceRestart: true } });
    }
  }

  async #replaceTrack() {
    const sender = this.#session?.connection?.getSenders().find((s) => s.track?.kind === 'audio' || s.track === null);
    const [track] = this.#microphone.stream?.getAudioTracks() ?? [];
    if (sender && track) {
      track.enabled = !this.#state.muted && !this.#state.held;
      await sender.replaceTrack(track);
    }
  }

  #set(parts) {
    const changed = Object.entries(parts).some(([key, value]) => this.#state[key] !== value);
    this.#state = { ...this.#state, ...parts };
    if (changed) this.dispatchEvent(new Event('change'));
  }
}
