//! A disk that is really full: the server refuses, says what to do, loses nothing, and goes on when
//! there is room.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::check::{self, Ledger};
use crate::server::{self, Place, System, until};
use crate::work::{Push, Records};
use pool::exchange::evidence_of;

/// What the disk holds.
const DISK: &str = "size=24m";
/// What is left free of it before it is filled by what is pushed.
const FREE_BYTES: u64 = 1 << 20;
/// More pushes than fit.
const PUSHES_MAX: u64 = 20_000;

/// A file system of a few megabytes.
struct Disk(PathBuf);

impl Disk {
    /// None where we may not mount one.
    fn mount(at: &Path) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", DISK, "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("skipped: no right to mount a small disk");
            return None;
        }
        Some(Self(at.to_owned()))
    }

    /// Leaves a little room.
    fn fill(&self) {
        let mut ballast = File::create(self.0.join("ballast")).unwrap();
        let mut bytes = 0;
        while ballast.write_all(&vec![1; 1 << 16]).is_ok() {
            bytes += 1 << 16;
        }
        ballast
            .set_len(u64::saturating_sub(bytes, FREE_BYTES))
            .unwrap();
    }

    fn free(&self) {
        fs::remove_file(self.0.join("ballast")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// What was pushed, and what was answered.
struct Town {
    records: Records,
    next: u64,
    ledger: Ledger,
}

impl Town {
    /// Pushes until the disk is full; the push that was refused.
    fn push_until_full(&mut self, server: &str) -> Push {
        let system = System::new(server, "registry-systems");
        loop {
            assert!(self.next < PUSHES_MAX, "the disk does not become full");
            let push = Push::of(0, self.next);
            let answer = system
                .push(push.dataset, push.mode, &push.name, &push.lines)
                .unwrap();
            if answer.status == 200 {
                push.apply(&mut self.records);
                self.next += 1;
                continue;
            }
            assert_eq!(answer.status, 507, "{answer:?}");
            assert_eq!(answer.kind, "application/problem+json");
            assert_eq!(answer.body["type"], "urn:citybrain:exchange:storage");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(
                detail.contains("is full") && detail.contains("make room"),
                "{detail}"
            );
            return push;
        }
    }

    /// What is looked up is either in the ledger or not answered.
    fn look_up(&mut self, server: &str) {
        let system = System::new(server, "tax-systems");
        for _ in 0..20 {
            let ask = json!({"dataset": "persons", "subject": "w0-register"});
            let sent = system.ask("look-up", &ask).unwrap();
            match sent.answer.status {
                200 => {
                    let entry = sent.answer.body["ledger"]["entry"].as_u64().unwrap();
                    let evidence = evidence_of(&sent.token);
                    self.ledger.answered(vec![(entry, evidence)]);
                }
                503 => {
                    let kind = &sent.answer.body["type"];
                    assert_eq!(kind, "urn:citybrain:exchange:ledger", "{:?}", sent.answer);
                }
                other => panic!("{other}: {:?}", sent.answer),
            }
        }
    }

    fn check(&self, server: &str, perhaps: &Push) {
        let mut after = self.records.clone();
        perhaps.apply(&mut after);
        let keys = check::keys_of([&after, &self.records].into_iter());
        let found = check::looked_up(server, keys.iter());
        if found != after {
            check::same("look-ups", &found, &self.records);
        }
        check::history_is(server, &found);
    }

    /// What was refused is taken when it is sent again.
    fn push_again(&mut self, server: &str, push: &Push) {
        let system = System::new(server, "registry-systems");
        until("the server takes records again", || {
            let answer = system.push(push.dataset, push.mode, &push.name, &push.lines);
            answer.unwrap().status == 200
        });
        push.apply(&mut self.records);
        self.next += 1;
    }
}

#[test]
fn a_full_disk_refuses_loses_nothing_and_the_server_goes_on_when_there_is_room() {
    let mut place = Place::new("");
    let Some(disk) = Disk::mount(&place.data.with_file_name("disk")) else {
        return;
    };
    place.data = disk.0.join("data");
    let mut town = Town {
        records: Records::new(),
        next: 0,
        ledger: Ledger::new(),
    };
    let server = place.start();
    server::agree(&server.address);
    disk.fill();
    let refused = town.push_until_full(&server.address);
    town.look_up(&server.address);
    disk.free();
    town.push_again(&server.address, &refused);
    town.check(&server.address, &refused);

    // Full again, and killed; it may not come up before there is room, and says why.
    disk.fill();
    let refused = town.push_until_full(&server.address);
    town.look_up(&server.address);
    server.kill();
    let mut ballast = File::options()
        .append(true)
        .open(disk.0.join("ballast"))
        .unwrap();
    while ballast.write_all(&[1; 4096]).is_ok() {}
    drop(ballast);
    match place.try_start() {
        Ok(server) => server.kill(),
        Err(log) => assert!(
            log.contains("is full") || log.contains("No space left"),
            "{log}"
        ),
    }
    disk.free();
    let server = place.start();
    town.check(&server.address, &refused);
    town.push_again(&server.address, &refused);
    town.look_up(&server.address);
    town.check(&server.address, &refused);
    server.stop();
    town.ledger.look(&place.data.join("ledger"));
    assert!(town.ledger.is_done() && town.ledger.seen >= 20);
    check::verify(&place);
}
