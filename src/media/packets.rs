//! Packets of a container, decoded one by one onto an unbroken time line.

use symphonia::core::{
    audio::GenericAudioBufferRef,
    codecs::{
        CodecParameters,
        audio::{
            AudioCodecParameters, AudioDecoder, AudioDecoderOptions,
            well_known::{
                CODEC_ID_AAC, CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS, CODEC_ID_ALAC, CODEC_ID_MP3,
            },
        },
        registry::CodecRegistry,
    },
    common::Limit,
    errors::Error,
    formats::{FormatOptions, FormatReader, Track, TrackType, probe::Hint},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    packet::Packet,
};
use symphonia_adapter_libopus::OpusDecoder;

use super::{
    Damage, Format, Limits, Spec, Stop, Why, mp4::Span, sniff::FrameHeader, source::Stream, trim::Trim,
};

/// Faults of the demuxer in a row after which a file is given up.
const MOST_FAULTS: u32 = 1000;
/// Longest gap that is filled with silence, in seconds; a longer one is a wrong number, not lost sound.
const MOST_GAP_S: i64 = 30;
/// Frames of one MP3 packet: some encoders count the packet of the tag itself.
const MP3_PACKET: u64 = 1152;
/// Rates that occur; anything else is a damaged header.
const RATES: &[u32] =
    &[8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 192_000];

/// A container with its decoder.
pub(super) struct Packets {
    /// Rate and channels.
    pub spec: Spec,
    /// Length that the container states, in frames without priming and padding.
    pub stated: Option<u64>,
    /// What was lost.
    pub damage: Damage,
    format: Format,
    demuxer: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    gain: f32,
    trim: Trim,
    block: Vec<f32>,
    /// Where the next packet should begin, by the time stamps of the container.
    next_at: Option<i64>,
    last_frames: u64,
    changed_headers: u32,
    faults_in_row: u32,
    cut: bool,
    ended: bool,
    most_frames: u64,
    stop: Stop,
}

impl Packets {
    /// Finds the sound track of `stream`, which is of `format`, and its decoder.
    pub fn open(format: Format, stream: Stream, limits: &Limits) -> Result<Packets, Why> {
        let stream = MediaSourceStream::new(Box::new(stream), MediaSourceStreamOptions::default());
        // Pictures and long texts in tags are of no use here and could be made to fill the memory.
        let tags = MetadataOptions::default()
            .limit_visual_bytes(Limit::Maximum(1 << 16))
            .limit_tag_bytes(Limit::Maximum(1 << 20));
        let probed =
            symphonia::default::get_probe().probe(&Hint::new(), stream, FormatOptions::default(), tags);
        let demuxer = probed.map_err(|e| give_up(&e, &limits.stop))?;
        let track = demuxer.default_track(TrackType::Audio).ok_or(Why::Empty)?;
        let (spec, decoder, pre_skip, gain) = decoder_of(format, track)?;
        let (track, stated, trim) =
            (track.id, stated(format, track, pre_skip), trim_of(format, track, spec, pre_skip));
        Ok(Packets {
            spec,
            stated,
            damage: Damage::default(),
            format,
            demuxer,
            decoder,
            track,
            gain,
            trim,
            block: Vec::new(),
            next_at: None,
            last_frames: MP3_PACKET,
            changed_headers: 0,
            faults_in_row: 0,
            cut: false,
            ended: false,
            most_frames: limits.most_s.saturating_mul(u64::from(spec.rate)),
            stop: limits.stop.clone(),
        })
    }

    /// The length came from the bit rate of the first packets: no statement, and often wrong by minutes.
    pub fn forget_estimate(&mut self) {
        self.stated = None;
        self.trim = Trim::new(self.spec, 0);
    }

    /// Keeps only `span` of what is decoded.
    pub fn trim_to(&mut self, span: Span) {
        let scale = self.demuxer.tracks().iter().find(|t| t.id == self.track).and_then(|t| t.time_base);
        let scale = scale.map_or(self.spec.rate, |base| base.denom.get());
        let frames = |units: u64| {
            let frames = u128::from(units) * u128::from(self.spec.rate) / u128::from(scale.max(1));
            u64::try_from(frames).unwrap_or(u64::MAX)
        };
        self.trim = Trim::new(self.spec, frames(span.head));
        self.stated = span.valid.map(frames);
        if let Some(valid) = self.stated {
            self.trim.end_after(valid);
        }
    }

    /// Appends the frames of the next packets that have any to `out`; 0 at the end.
    pub fn read(&mut self, out: &mut Vec<f32>) -> Result<usize, Why> {
        let before = out.len();
        while out.len() == before && !self.ended {
            if self.stop.is_set() {
                return Err(Why::Stopped);
            }
            self.block.clear();
            match self.next_packet()? {
                Some(packet) => self.decode(&packet)?,
                None => self.ended = true,
            }
            self.trim.pass(&self.block, out);
            if self.ended {
                self.finish(out)?;
            }
            if self.trim.produced > self.most_frames {
                return Err(Why::TooLong { limit_min: self.most_frames / u64::from(self.spec.rate) / 60 });
            }
        }
        Ok((out.len() - before) / usize::from(self.spec.channels))
    }

    /// The next packet of the track; `None` at the end, whatever the end is.
    fn next_packet(&mut self) -> Result<Option<Packet>, Why> {
        loop {
            match self.demuxer.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => {
                    self.faults_in_row = 0;
                    return Ok(Some(packet));
                }
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(Error::ResetRequired) => self.begin_next_link()?,
                Err(Error::IoError(e)) if e.kind() == std::io::ErrorKind::UnexpectedEof => {
                    self.cut = true;
                    return Ok(None);
                }
                // The demuxer finds its way again at the next call.
                Err(Error::DecodeError(_) | Error::Unsupported(_)) if self.faults_in_row < MOST_FAULTS => {
                    self.faults_in_row += 1;
                    self.damage.faults += 1;
                }
                Err(e) => return Err(give_up(&e, &self.stop)),
            }
        }
    }

    /// Files glued together (chained Ogg, RFC 3533, 4): the second one goes on with a decoder of its own.
    fn begin_next_link(&mut self) -> Result<(), Why> {
        let at_ms = self.spec.ms(self.trim.produced);
        let track = self.demuxer.default_track(TrackType::Audio).ok_or(Why::Changes { at_ms })?;
        let (spec, decoder, pre_skip, gain) = decoder_of(self.format, track)?;
        if spec != self.spec {
            return Err(Why::Changes { at_ms });
        }
        (self.track, self.decoder, self.gain) = (track.id, decoder, gain);
        self.trim.drop_next(pre_skip);
        (self.next_at, self.stated) = (None, None);
        Ok(())
    }

    /// Decodes one packet into the block; silence takes the place of what is lost.
    fn decode(&mut self, packet: &Packet) -> Result<(), Why> {
        self.fill_gap(packet);
        match self.decoder.decode(packet) {
            Ok(buffer) => {
                let spec =
                    Spec { rate: buffer.spec().rate(), channels: channels(buffer.spec().channels().count()) };
                if spec != self.spec {
                    return Err(Why::Changes { at_ms: self.spec.ms(self.trim.produced) });
                }
                append(&buffer, &mut self.block);
                if buffer.frames() > 0 {
                    self.last_frames = buffer.frames() as u64;
                    self.changed_headers = 0;
                }
                refuse_wide_band(self.format, packet, buffer.frames())?;
            }
            Err(Error::DecodeError(_) | Error::Unsupported(_) | Error::IoError(_)) => {
                self.refuse_change(packet)?;
                self.fill(if packet.dur.get() > 0 { packet.dur.get().min(65_536) } else { self.last_frames });
            }
            Err(e) => return Err(give_up(&e, &self.stop)),
        }
        if (self.gain - 1.0).abs() > f32::EPSILON {
            self.block.iter_mut().for_each(|sample| *sample *= self.gain);
        }
        Ok(())
    }

    /// Demuxers drop what fails their check sums without a word; the time stamps show the hole.
    fn fill_gap(&mut self, packet: &Packet) {
        if !matches!(self.format, Format::Flac | Format::Vorbis | Format::Opus) {
            return;
        }
        let gap = self.next_at.map_or(0, |next| packet.pts.get().saturating_sub(next));
        if gap > 0 && gap <= MOST_GAP_S * i64::from(self.spec.rate) {
            self.fill(gap.unsigned_abs());
        }
        let length = i64::try_from(packet.block_dur().get()).unwrap_or(0);
        self.next_at = packet.pts.get().checked_add(length);
    }

    fn fill(&mut self, frames: u64) {
        self.damage.faults += 1;
        self.damage.frames += frames;
        let samples = frames.saturating_mul(u64::from(self.spec.channels));
        self.block.resize(self.block.len() + usize::try_from(samples).unwrap_or(0), 0.0);
    }

    /// An MP3 packet that is whole but of another rate: two recordings were glued together.
    fn refuse_change(&mut self, packet: &Packet) -> Result<(), Why> {
        let header = (self.format == Format::Mp3).then(|| FrameHeader::parse(&packet.data)).flatten();
        if header.is_some_and(|h| h.rate != self.spec.rate || h.channels != self.spec.channels) {
            self.changed_headers += 1;
        }
        // One such header may be damage; three in a row are a decision of somebody.
        if self.changed_headers >= 3 {
            return Err(Why::Changes { at_ms: self.spec.ms(self.trim.produced) });
        }
        Ok(())
    }

    /// The end: what was held back, and whether this is the end that the container states.
    fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), Why> {
        self.trim.finish(out);
        let (decoded, slack) = (self.trim.produced, if self.format == Format::Mp3 { MP3_PACKET } else { 0 });
        let decoded_ms = self.spec.ms(decoded);
        if let Some(stated) = self.stated.filter(|stated| decoded + slack < *stated) {
            return Err(Why::Truncated { decoded_ms, stated_ms: Some(self.spec.ms(stated)) });
        }
        if decoded == 0 {
            return Err(Why::Empty);
        }
        if self.cut && self.stated.is_none() {
            return Err(Why::Truncated { decoded_ms, stated_ms: None });
        }
        if self.damage.frames > decoded / 4 {
            return Err(Why::Ruined { lost_ms: self.spec.ms(self.damage.frames), of_ms: decoded_ms });
        }
        Ok(())
    }
}

/// The decoder of a track, with its spec, the frames of pre-skip and the gain of an Opus header.
fn decoder_of(format: Format, track: &Track) -> Result<(Spec, Box<dyn AudioDecoder>, u64, f32), Why> {
    let Some(CodecParameters::Audio(found)) = &track.codec_params else { return Err(Why::Empty) };
    let mut params = found.clone();
    refuse_codec(format, &params)?;
    let (mut pre_skip, mut gain) = (0, 1.0);
    if let (Format::Opus, Some(head)) = (format, params.extra_data.as_mut().filter(|head| head.len() >= 19)) {
        // RFC 7845, 5.1. The adapter forgets a pre-skip longer than the first packet and knows no output
        // gain: both are done here, and the header that it sees asks for neither.
        pre_skip = u64::from(u16::from_le_bytes([head[10], head[11]]));
        gain = 10f32.powf(f32::from(i16::from_le_bytes([head[16], head[17]])) / 256.0 / 20.0);
        head[10..12].fill(0);
    }
    let mut registry = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut registry);
    registry.register_audio_decoder::<OpusDecoder>();
    // MP3: trimming by the demuxer's estimate of the length would cut sound off (a VBR file of twelve
    // minutes lost fifteen seconds); Vorbis trims by exact granule positions.
    let options = AudioDecoderOptions::default().gapless(format == Format::Vorbis);
    let decoder = registry
        .make_audio_decoder(&params, &options)
        .map_err(|e| Why::Format { found: format!("{} ({e})", format.name()) })?;
    let known = decoder.codec_params();
    let count = known
        .channels
        .as_ref()
        .or(params.channels.as_ref())
        .map_or(0, symphonia::core::audio::Channels::count);
    let spec =
        Spec { rate: known.sample_rate.or(params.sample_rate).unwrap_or(0), channels: channels(count) };
    if !(1..=2).contains(&spec.channels) {
        return Err(Why::Format { found: format!("{} with {} channels", format.name(), spec.channels) });
    }
    if !RATES.contains(&spec.rate) {
        return Err(Why::Format { found: format!("{} at {} Hz", format.name(), spec.rate) });
    }
    Ok((spec, decoder, pre_skip, gain))
}

/// Refuses by name what the container may carry but is not taken.
fn refuse_codec(format: Format, params: &AudioCodecParameters) -> Result<(), Why> {
    let found = match (format, params.codec) {
        (Format::Aac, CODEC_ID_AAC) => return refuse_aac(params.extra_data.as_deref().unwrap_or_default()),
        (Format::Aac, CODEC_ID_ALAC) => "Apple Lossless (ALAC)",
        (Format::Aac, _) => "MPEG-4 with another codec than AAC",
        (Format::Wav, CODEC_ID_ADPCM_MS | CODEC_ID_ADPCM_IMA_WAV) => "WAV with ADPCM",
        (Format::Mp3, codec) if codec != CODEC_ID_MP3 => "MPEG audio of another layer",
        _ => return Ok(()),
    };
    Err(Why::Format { found: found.into() })
}

/// Reads an `AudioSpecificConfig` (ISO/IEC 14496-3, 1.6.2.1): only LC of one or two channels is taken. The
/// decoder would play the half-rate core of HE-AAC.
fn refuse_aac(config: &[u8]) -> Result<(), Why> {
    let bits = |at: usize, count: usize| {
        (at..at + count)
            .fold(0u32, |v, i| v << 1 | u32::from(config.get(i / 8).map_or(0, |b| b >> (7 - i % 8) & 1)))
    };
    let found = match (bits(0, 5), bits(9, 4)) {
        (5, _) => "HE-AAC",
        (29, _) => "HE-AAC v2",
        // The backward-compatible extension behind the LC part (sync word 0x2B7, type 5, flag set).
        (2, _) if bits(16, 11) == 0x2B7 && bits(27, 5) == 5 && bits(32, 1) == 1 => "HE-AAC",
        (2, 1 | 2) => return Ok(()),
        (2, 6) => "5.1 AAC",
        (2, _) => "AAC with another count of channels than one or two",
        _ => "AAC of another profile than LC",
    };
    Err(Why::Format { found: found.into() })
}

/// HE-AAC that is signalled only inside the packets: a packet then lasts twice as long as its core.
fn refuse_wide_band(format: Format, packet: &Packet, frames: usize) -> Result<(), Why> {
    if format == Format::Aac && frames > 0 && packet.dur.get() == 2 * frames as u64 {
        return Err(Why::Format { found: "HE-AAC".into() });
    }
    Ok(())
}

/// The length that the container states, in valid frames.
fn stated(format: Format, track: &Track, pre_skip: u64) -> Option<u64> {
    let frames = track.num_frames.filter(|frames| *frames > 0)?;
    match format {
        // Granule positions of a cut recording do not begin at 0.
        Format::Opus | Format::Vorbis => {
            let start = u64::try_from(track.start_ts.get()).unwrap_or(0);
            frames.checked_sub(start + pre_skip)
        }
        _ => Some(frames),
    }
}

fn trim_of(format: Format, track: &Track, spec: Spec, pre_skip: u64) -> Trim {
    match format {
        Format::Opus => Trim::new(spec, pre_skip),
        Format::Mp3 => {
            let (delay, padding) =
                (u64::from(track.delay.unwrap_or(0)), u64::from(track.padding.unwrap_or(0)));
            let mut trim = Trim::new(spec, delay);
            if let Some(valid) = track.num_frames {
                trim.drop_tail_if_exactly(padding, valid);
            }
            trim
        }
        _ => Trim::new(spec, 0),
    }
}

fn append(buffer: &GenericAudioBufferRef<'_>, out: &mut Vec<f32>) {
    let at = out.len();
    out.resize(at + buffer.samples_interleaved(), 0.0);
    buffer.copy_to_slice_interleaved(&mut out[at..]);
}

fn channels(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn give_up(error: &Error, stop: &Stop) -> Why {
    if stop.is_set() { Why::Stopped } else { Why::Undecodable { detail: error.to_string() } }
}
