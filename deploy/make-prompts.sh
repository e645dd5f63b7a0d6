#!/bin/sh
# Makes asterisk-conf/prompts/*.wav anew from texts.tsv; the results are in git, so only whoever changes a text runs it.
# Needs open-jtalk, open-jtalk-mecab-naist-jdic, ffmpeg, sox, and the voice hts-voice-nitech-jp-atr503-m001 (Debian contrib):
#   VOICE=/usr/share/hts-voice/nitech-jp-atr503-m001/nitech_jp_atr503_m001.htsvoice deploy/make-prompts.sh
# Each file: 8 kHz mono 16 bit, telephone band, speech at -20 dBFS RMS, peak at or below -3 dBFS. Fails if one is not.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
prompts="$here/asterisk-conf/prompts"
voice=${VOICE:-/usr/share/hts-voice/nitech-jp-atr503-m001/nitech_jp_atr503_m001.htsvoice}
dictionary=${DICTIONARY:-/var/lib/mecab/dic/open-jtalk/naist-jdic}
level_dbfs=-20
[ -r "$voice" ] || { echo "no voice at $voice: set VOICE" >&2; exit 1; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM

# RMS (or peak) level of a file in dBFS.
level() { sox "$2" -n stats 2>&1 | awk -v what="$1 lev dB" 'index($0, what) {print $NF}'; }

tab=$(printf '\t')
while IFS="$tab" read -r name text; do
    # The voice is native to 48 kHz: asking open_jtalk for 8 kHz stretches the speech six times.
    printf '%s\n' "$text" | open_jtalk -x "$dictionary" -m "$voice" -s 48000 -ow "$scratch/raw.wav" -ot "$scratch/$name.trace"
    ffmpeg -nostdin -v error -y -i "$scratch/raw.wav" -af 'highpass=f=200,lowpass=f=3400' -ar 8000 -ac 1 \
        -c:a pcm_s16le "$scratch/band.wav"
    # Silence at both ends goes first, so that the level is the level of the speech; the limiter keeps peaks.
    sox "$scratch/band.wav" "$scratch/tight.wav" silence 1 0.02 -50d reverse silence 1 0.02 -50d reverse
    gain=$(awk "BEGIN { print $level_dbfs - ($(level RMS "$scratch/tight.wav")) }")
    sox -G -D "$scratch/tight.wav" "$scratch/levelled.wav" gain -l "$gain"
    sox -D "$scratch/levelled.wav" -c 1 -b 16 -r 8000 "$prompts/$name.wav" pad 0.2 0.3
done < "$prompts/texts.tsv"
sox -n -D -c 1 -b 16 -r 8000 "$prompts/beep.wav" synth 0.8 sine 1400 gain -12 fade t 0.01 0.8 0.01

# What a caller hears between two sentences: a plucked chord, up and down, four times in twelve seconds.
notes=""
for hz in 392 494 587 784 587 494; do
    sox -n -D -c 1 -b 16 -r 8000 "$scratch/note-$hz.wav" synth 0.5 pluck "$hz" fade t 0.01 0.5 0.05
    notes="$notes $scratch/note-$hz.wav"
done
# shellcheck disable=SC2086  # a list of files
sox -D $notes "$scratch/bar.wav"
sox -D "$scratch/bar.wav" "$scratch/bar.wav" "$scratch/bar.wav" "$scratch/bar.wav" "$scratch/music.wav"
gain=$(awk "BEGIN { print -30 - ($(level RMS "$scratch/music.wav")) }")
sox -G -D "$scratch/music.wav" -c 1 -b 16 -r 8000 "$prompts/waiting_music.wav" gain -l "$gain"

status=0
for file in "$prompts"/*.wav; do
    format=$(soxi -r "$file"; soxi -c "$file"; soxi -b "$file")
    peak=$(level 'Pk' "$file")
    printf '%-24s %6.2f s  RMS %6.1f dBFS  peak %6.1f dBFS\n' "$(basename "$file")" "$(soxi -D "$file")" "$(level 'RMS' "$file")" "$peak"
    if [ "$(echo "$format" | tr '\n' ' ')" != '8000 1 16 ' ] || awk "BEGIN { exit !($peak > -2.9) }"; then
        echo "$file is not 8 kHz mono 16 bit below -3 dBFS" >&2
        status=1
    fi
done
exit $status
