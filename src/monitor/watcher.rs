//! One `watch()`: its settings, its rules' state, its samples.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::settings::{WatchSettings, WatchUpdate};
use crate::capture::options::CaptureOptions;
use crate::clock;
use crate::error::{Error, Result};
use crate::file::{folder, store};
use crate::orders::{Client, actions, ramp};
#[cfg(target_os = "linux")]
use crate::orders::{objects, on_signal};
use crate::probe::process;
use crate::thread::facts::process_facts;
use crate::thread::{Environment, Event, other_heaps};
use crate::watch::{Awake, History, Metric, Outcome, Phase, Rule, RuleState, Sample, Trend, step};

/// ms; JavaScript's options are stricter, this only keeps the sampler from spinning.
const SHORTEST_INTERVAL: f64 = 10.0;
const LONGEST_HISTORY: usize = 100_000;
/// ms; a day: what nobody has needed for a month is removed from the folder, by whoever writes there.
const KEEP_EVERY: f64 = 24.0 * 3_600_000.0;
/// The same for the first time, after a watch has begun.
const KEEP_FIRST: f64 = 10_000.0;

struct Judged {
    rule: Rule,
    state: RuleState,
}

struct State {
    settings: WatchSettings,
    rules: Vec<Judged>,
    history: History,
    awake: Awake,
    trend: Trend,
    trend_at: f64,
    next_due: f64,
    requests: Vec<u64>,
}

/// One `watch()`. Shared by its environment and the sampler.
pub struct Watcher {
    /// Unique in this process.
    pub id: u64,
    /// Whose heap it watches.
    pub client: Arc<Client>,
    /// Whether anybody listens to `sample`.
    pub sample_heard: AtomicBool,
    /// Whether its folder was looked at.
    tidied: AtomicBool,
    /// f64 bits, a time of [`clock::now`]: when what its images need was given a new time.
    kept_at: AtomicU64,
    /// The kernel says nothing, and that was told.
    blind: AtomicBool,
    state: Mutex<State>,
}

impl Watcher {
    /// A monitor that is not yet sampled; see [`super::sampler::start`].
    ///
    /// # Errors
    /// `InvalidOption` from a rule that does not make sense.
    pub fn new(client: Arc<Client>, mut settings: WatchSettings) -> Result<Arc<Self>> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        settings.interval_ms = settings.interval_ms.max(SHORTEST_INTERVAL);
        let rules = judged(std::mem::take(&mut settings.rules), Vec::new())?;
        Ok(Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            client,
            sample_heard: AtomicBool::new(false),
            tidied: AtomicBool::new(false),
            kept_at: AtomicU64::new(0),
            blind: AtomicBool::new(false),
            state: Mutex::new(State {
                rules,
                history: History::new(settings.history.clamp(1, LONGEST_HISTORY)),
                settings,
                awake: Awake::default(),
                trend: Trend::new(),
                trend_at: 0.0,
                next_due: 0.0,
                requests: Vec::new(),
            }),
        }))
    }

    /// Where the JavaScript runs that it watches.
    pub fn environment(&self) -> &Environment {
        &self.client.environment
    }

    /// ms between samples.
    pub fn interval(&self) -> f64 {
        self.state.lock().settings.interval_ms
    }

    /// Changes settings while it runs. A rule that is still the same keeps its state.
    ///
    /// # Errors
    /// `InvalidOption`; nothing has changed then.
    pub fn update(&self, update: WatchUpdate) -> Result<()> {
        let mut state = self.state.lock();
        if let Some(rules) = update.rules {
            let kept = state.rules.iter().map(|judged| (judged.rule.clone(), judged.state.clone())).collect();
            state.rules = judged(rules, kept)?;
        }
        if let Some(interval) = update.interval_ms {
            state.settings.interval_ms = interval.max(SHORTEST_INTERVAL);
            state.next_due = 0.0;
        }
        if let Some(history) = update.history {
            state.history.resize(history.clamp(1, LONGEST_HISTORY));
        }
        if let Some(snapshots) = update.snapshots {
            state.settings.snapshots = snapshots;
            self.tidied.store(false, Ordering::Release);
        }
        if let Some(near) = update.near_heap_limit {
            state.settings.near_heap_limit = near;
        }
        if let Some(signals) = update.freeze_on {
            state.settings.freeze_on = signals;
        }
        Ok(())
    }

    /// Asks for a sample now; answered by `Sampled`.
    pub fn request(&self, request: u64) {
        self.state.lock().requests.push(request);
    }

    /// When it wants the next sample, ms of [`crate::clock::now`].
    pub(super) fn due(&self) -> f64 {
        let state = self.state.lock();
        if state.requests.is_empty() { state.next_due } else { 0.0 }
    }

    /// Whether it wants to know that the container fills up as soon as that is seen.
    pub(super) fn looks_ahead(&self) -> bool {
        self.state.lock().rules.iter().any(|judged| judged.rule.metric == Metric::CgroupFullIn)
    }

    /// The container is full in so many ms: a sample is due now if a rule wants to be judged.
    pub(super) fn hurry(&self, full_in: f64) {
        let mut state = self.state.lock();
        let wanted = |Judged { rule, state }: &Judged| {
            rule.metric == Metric::CgroupFullIn && state.phase == Phase::Ok && rule.breaks(full_in)
        };
        if state.rules.iter().any(wanted) {
            state.next_due = 0.0;
        }
    }

    /// The latest sample as JSON, or `null`.
    pub fn latest(&self) -> String {
        let state = self.state.lock();
        serde_json::to_string(&state.history.latest()).unwrap_or_else(|_| "null".into())
    }

    /// All samples kept, oldest first, as JSON.
    pub fn history(&self) -> String {
        let samples: Vec<Sample> = self.state.lock().history.iter().cloned().collect();
        serde_json::to_string(&samples).unwrap_or_else(|_| "[]".into())
    }

    /// The rules with their states, as JSON.
    pub fn rules(&self) -> String {
        let state = self.state.lock();
        let all: Vec<serde_json::Value> = state
            .rules
            .iter()
            .map(|judged| {
                let mut value = serde_json::to_value(&judged.state).unwrap_or_default();
                if let Some(object) = value.as_object_mut() {
                    object.insert("name".into(), judged.rule.name.clone().into());
                    object.insert("metric".into(), judged.rule.metric.name().into());
                    object.insert("threshold".into(), judged.rule.threshold.into());
                    object.insert("direction".into(), judged.rule.direction.name().into());
                }
                value
            })
            .collect();
        serde_json::to_string(&all).unwrap_or_else(|_| "[]".into())
    }

    /// What it wants at the heap limit.
    pub fn at_limit(&self) -> Option<ramp::Wanted> {
        let settings = &self.state.lock().settings;
        settings.near_heap_limit.wanted(self.id, &settings.snapshots)
    }

    /// What it wants at signals.
    #[cfg(target_os = "linux")]
    pub fn at_signals(&self) -> on_signal::Wanted {
        let settings = &self.state.lock().settings;
        on_signal::Wanted::of(self.id, &settings.freeze_on, &settings.snapshots)
    }

    /// How its snapshots are made.
    pub fn snapshots(&self) -> CaptureOptions {
        self.state.lock().settings.snapshots.clone()
    }

    /// Once for each setting of the snapshots, on the sampler thread: removes what dead processes left in the snapshot
    /// folder and what need not be kept there, and warns early of a folder that no snapshot could be written to.
    ///
    /// And once a day: what an image of its process would need is needed still.
    pub(super) fn tidy(self: &Arc<Self>) {
        let first = !self.tidied.swap(true, Ordering::AcqRel);
        let now = clock::now();
        if !first && now - f64::from_bits(self.kept_at.load(Ordering::Relaxed)) < KEEP_EVERY {
            return;
        }
        // A service has more urgent things to do when it starts, and a program that is over soon leaves no image.
        let kept_at = if first { now - KEEP_EVERY + KEEP_FIRST } else { now };
        self.kept_at.store(kept_at.to_bits(), Ordering::Relaxed);
        let options = self.snapshots();
        let folder = match options.path.as_deref().and_then(Path::parent) {
            Some(parent) => Ok(parent.to_owned()),
            None => folder::resolve(options.dir.as_deref(), process_facts().diagnostic_dir.as_deref()),
        };
        #[cfg(target_os = "linux")]
        if let Ok(folder) = &folder
            && !first
            && (self.at_limit().is_some() || self.at_signals().is_something())
        {
            objects::in_advance(folder.clone(), options.clone(), Arc::downgrade(self));
        }
        if !first {
            return;
        }
        let swept = folder.and_then(|folder| {
            store::clean(&folder)?.as_result()?;
            let Some(keep) = options.keep() else { return Ok(()) };
            store::keep(&folder, &keep, clock::wall(), None)?.as_result()
        });
        if let Err(error) = swept {
            self.environment().tell(Event::warning(self.id, &error));
        }
    }

    /// Takes in a sample whose kernel side is read: adds V8's, judges the rules, tells, orders. On the
    /// sampler thread.
    pub(super) fn take_in(&self, mut sample: Sample, now: f64) {
        let environment = self.environment();
        let figures = environment.figures.read();
        if figures.at > 0.0 {
            let heap = &figures.heap;
            sample.heap_total = heap.heap_total;
            sample.heap_used = heap.heap_used;
            sample.heap_limit = heap.heap_limit.saturating_sub(environment.young_reserve);
            sample.heap_used_ratio =
                if sample.heap_limit > 0 { heap.heap_used as f64 / sample.heap_limit as f64 } else { 0.0 };
            sample.external = heap.external;
            sample.array_buffers = figures.array_buffers;
            sample.malloced = heap.malloced;
            sample.heap_age = (now - figures.at).max(0.0);
        } else {
            sample.heap_age = f64::INFINITY;
        }
        sample.loop_blocked = environment.loop_blocked(now);
        let outside = other_heaps::outside(sample.external, sample.array_buffers);
        sample.derive_native(outside + other_heaps::elsewhere(environment.thread_id));

        let mut state = self.state.lock();
        if let Some((live, at)) = figures.live_heap {
            sample.live_heap = Some(live);
            if at > state.trend_at {
                state.trend_at = at;
                state.trend.push(at, live);
            }
        }
        sample.live_heap_growth = state.trend.slope();
        let interval = state.settings.interval_ms;
        // A sampler that was held up does not catch up: that would be a burst of equal samples.
        state.next_due =
            if state.next_due + interval > now { state.next_due + interval } else { now + interval };
        let awake = state.awake.advance(now, interval);
        state.history.push(sample.clone());
        let requests = std::mem::take(&mut state.requests);
        let snapshots = state.settings.snapshots.clone();
        let outcomes: Vec<(Rule, Outcome)> = state
            .rules
            .iter_mut()
            .filter_map(|Judged { rule, state }| {
                step(rule, state, &sample, awake).map(|outcome| (rule.clone(), outcome))
            })
            .collect();
        drop(state);

        self.tell(&sample, &requests);
        self.tell_if_blind(sample.rss.is_none());
        for (rule, outcome) in outcomes {
            self.act(rule, outcome, &sample, &snapshots);
        }
    }

    fn tell(&self, sample: &Sample, requests: &[u64]) {
        let monitor = self.id;
        let outbox = &self.environment().outbox;
        for request in requests.iter().copied() {
            outbox.push(Event::Sampled { monitor, request, sample: Box::new(sample.clone()) });
        }
        let heard = self.sample_heard.load(Ordering::Acquire);
        if heard {
            outbox.push(Event::Sample { monitor, sample: Box::new(sample.clone()), dropped: 0 });
        }
        if heard || !requests.is_empty() {
            self.environment().wake();
        }
    }

    /// Once each time it begins.
    fn tell_if_blind(&self, blind: bool) {
        if self.blind.swap(blind, Ordering::AcqRel) || !blind {
            return;
        }
        let why = process::unreadable().map_or_else(|| "it looks unlike any known".into(), |e| e.to_string());
        self.environment().tell(Event::warning(
            self.id,
            &Error::Unsupported(format!(
                "the kernel's figures (rss, cgroup, native …) are unknown now, and rules on them rest: \
                 /proc/self/stat cannot be read: {why}; mount /proc, or raise the limit on open files"
            )),
        ));
    }

    fn act(&self, rule: Rule, outcome: Outcome, sample: &Sample, snapshots: &CaptureOptions) {
        let (monitor, sample) = (self.id, Box::new(sample.clone()));
        let Rule { name: rule, metric, .. } = rule;
        match outcome {
            Outcome::Breach { value, since, actions, limited } => {
                let name = rule.clone();
                let hurried = (metric == Metric::CgroupFullIn)
                    .then(|| actions::before_the_end(&self.client, snapshots));
                let snapshots = hurried.as_ref().unwrap_or(snapshots);
                self.environment().tell(Event::Breach { monitor, rule, sample, value, since, limited });
                actions::carry_out(&actions, &self.client, &name, snapshots, monitor);
            }
            Outcome::Lasts { actions } => {
                actions::carry_out(&actions, &self.client, &rule, snapshots, monitor);
            }
            Outcome::Recovered { value, since } => {
                self.environment().tell(Event::Recovered { monitor, rule, sample, value, since });
            }
        }
    }
}

/// Pairs rules with their state: the old one where the rule is still the same, else a new one.
fn judged(rules: Vec<Rule>, kept: Vec<(Rule, RuleState)>) -> Result<Vec<Judged>> {
    rules
        .into_iter()
        .map(|rule| {
            rule.validate()?;
            let state = kept.iter().find(|(old, _)| *old == rule).map(|(_, state)| state.clone());
            Ok(Judged { state: state.unwrap_or_default(), rule })
        })
        .collect()
}
