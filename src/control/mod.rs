//! What a person, the command line or another station may ask for: plain data in, plain data out.

mod account;
mod again;
mod airing_page;
mod anchors;
mod approve;
mod arriving;
mod audit;
mod before;
mod bundle;
mod centre;
mod certificate;
mod check;
mod comeback;
mod compliance;
mod doctor;
mod draft;
mod edit;
mod epoch;
mod error;
mod examine;
mod export;
mod folder;
mod glance;
mod hand;
mod heard;
mod home;
mod import;
mod init;
mod intake;
mod judged;
mod key;
mod lamp;
mod ledger;
mod masters;
mod month;
mod names;
mod pack;
mod parcel;
mod people;
mod prepare;
mod proof;
mod prune;
mod records;
mod refusal;
mod request;
mod retention;
mod row;
mod rows;
mod settings;
mod signed;
mod signing;
mod sources;
mod staging;
mod stamp;
mod status;
mod studio;
mod survey;
mod trust;
mod unit;
mod urge;
mod urgent;
mod view;
#[cfg(test)]
pub(crate) mod written;
mod years;

pub use crate::{
    fleet::{Settled, Word},
    media::{Measure, Progress},
};
pub use account::{Account, Aired, Cosigned, LogState};
pub use airing_page::{AiringPage, StoredEntry, Which, airing};
pub use anchors::Witnessed;
pub use approve::{Approve, approve};
pub use arriving::{LONGEST_TAR, append_tar, begin_tar, drop_tar, sent_tar, sticks};
pub use audit::{Against, Audit, audit};
pub use before::{Endorsed, EpochBefore};
pub use bundle::{BundleReport, Period, Stretch, audit_bundle};
pub use centre::{
    Centre, CentreKeys, CentreLines, Desired, Enrolment, FleetGlance, FleetView, Issued, LONGEST_BLOB,
    MOST_WISH_BYTES, Outline, QUIET, Readiness, SILENT, Split, StationFile, TakeError, Trouble, Unready,
    centre_keys, is_needed, make_centre, next_key, use_next_key, wish, words_of,
};
pub use certificate::{Certificate, centre_certificate, certificate, pin_of};
pub use check::{CheckReport, ProgrammeReport, SegmentReport, check, check_draft};
pub use comeback::come_back;
pub use doctor::{Examination, doctor};
pub use draft::{Draft, Released, Save, Stage, Trail, give_back, given_back, last_approved, save, stage};
pub use edit::Edit;
pub use epoch::{NewEpoch, Opener, new_epoch};
pub use error::{ControlError, file_error};
pub use examine::{held, is_for_good, lacks, turn_away};
pub use export::{Exported, Wish, deliver, export};
pub use folder::{Folder, Lock};
pub use glance::Glance;
pub use hand::Hand;
pub use heard::Heard;
pub use home::Home;
pub use import::{Arrival, Became, import, look_at};
pub use init::{Made, clk, copy_month, init, init_as, is_called};
pub use intake::{
    Arrived, Incoming, LONGEST_FILE, LONGEST_PIECE, append as append_intake, audio_files, audio_of,
    begin as begin_intake, drop_it as drop_intake, finish as finish_intake, is_audio_name,
};
pub use key::new_key;
pub use lamp::Lamp;
pub use ledger::{Day, Line, Look, PAGE, Sheet, last_month, month as month_of_log, sheet};
pub use masters::{master_file, prune_masters, render_month};
pub use month::{Clearance, MonthFile, airable, schedules};
pub use pack::{Bundled, Pack, PackUrgent, Packed, Target, pack};
pub use parcel::Parcel;
pub use people::{People, Person, Role, SHORTEST_PASSWORD, change_people, secret_word};
pub use prepare::prepare;
pub use proof::{Proof, Step, proof};
pub use prune::{Enter, HeldFile, PruneReport, PrunedFile, prune, prune_dry};
pub use records::{Record, fits, record, vouch};
pub use request::{Act, Ask, LogHead, NextSlot, OnAir, Reply, Said, Status, ask};
pub use retention::{Hold, Lift, holds};
pub use row::{NoteRow, Row, SegmentRow};
pub use rows::{RowFilter, each_row, rows};
pub use settings::{KeyView, Setting, SettingsFile, check_plan, devices, place_plan, plan_file};
pub use signing::{Signer, Signing, Voice, sign_month, signing};
pub use sources::{Course, Histories, Sources, Teller};
pub use staging::sweep_imports;
pub use stamp::{Alive, Position, Stamper};
pub use status::status_at_rest;
pub use studio::{Asking, Studio};
pub use survey::{Standing, Survey, survey};
pub use trust::{Approvers, NewTrust, TrustInForce, Trusted, accept_trust, new_trust, trust_in_force};
pub use unit::{UnitChange, unit_ended};
pub use urge::{Lack, Remedy, Urged, Urging};
pub use urgent::urgents;
pub use view::{FindingView, finding_view};
pub use years::{Compliance, YearSeen};
