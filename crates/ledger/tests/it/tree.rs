//! Roots and proofs against RFC 6962 as it is written, and against the crate `tlog_tiles`.

use ledger::tile::{TILE_HEIGHT, TILE_WIDTH, TileNodes, TilePath, Tiles};
use ledger::tree::{self, Frontier, Leaves};
use ledger::{Error, Hash, empty_root, leaf_hash, node_hash, verify_consistency, verify_inclusion};
use proptest::prelude::*;

/// Sizes up to which everything is compared with everything.
const ALL_MAX: u64 = 130;

/// Sizes up to which each tree is compared.
const SIZES_MAX: u64 = 1000;

fn leaves(size: u64) -> Leaves {
    Leaves(
        (0..size)
            .map(|index| leaf_hash(&index.to_be_bytes()))
            .collect(),
    )
}

/// RFC 6962, 2.1: MTH.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [only] => *only,
        _ => {
            let k = split(leaves.len());
            node_hash(&naive_root(&leaves[..k]), &naive_root(&leaves[k..]))
        }
    }
}

fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// RFC 6962, 2.1.1: PATH.
fn naive_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    if m < k {
        let mut path = naive_path(m, &leaves[..k]);
        path.push(naive_root(&leaves[k..]));
        path
    } else {
        let mut path = naive_path(m - k, &leaves[k..]);
        path.push(naive_root(&leaves[..k]));
        path
    }
}

/// RFC 6962, 2.1.2: SUBPROOF.
fn naive_subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![naive_root(leaves)]
        };
    }
    let k = split(leaves.len());
    if m <= k {
        let mut proof = naive_subproof(m, &leaves[..k], whole);
        proof.push(naive_root(&leaves[k..]));
        proof
    } else {
        let mut proof = naive_subproof(m - k, &leaves[k..], false);
        proof.push(naive_root(&leaves[..k]));
        proof
    }
}

/// Checks one inclusion proof against the RFC, and that it proves nothing else.
fn check_inclusion(leaves: &Leaves, index: u64, size: u64, root: &Hash) {
    let proof = tree::inclusion(leaves, index, size).unwrap();
    assert_eq!(
        proof,
        naive_path(index as usize, &leaves.0[..size as usize])
    );
    let leaf = leaves.0[index as usize];
    verify_inclusion(&leaf, index, size, &proof, root).unwrap();
    assert!(verify_inclusion(&Hash([9; 32]), index, size, &proof, root).is_err());
    if size > 1 {
        let other = (index + 1) % size;
        assert!(verify_inclusion(&leaf, other, size, &proof, root).is_err());
        assert!(verify_inclusion(&leaf, index, size, &proof[1..], root).is_err());
        let mut changed = proof.clone();
        changed[0].0[0] ^= 1;
        assert!(verify_inclusion(&leaf, index, size, &changed, root).is_err());
    }
    let longer = [&proof[..], &[Hash([9; 32])]].concat();
    assert!(verify_inclusion(&leaf, index, size, &longer, root).is_err());
}

/// Checks one consistency proof against the RFC, and that it proves nothing else.
fn check_consistency(leaves: &Leaves, old: (u64, &Hash), new: (u64, &Hash)) {
    let proof = tree::consistency(leaves, old.0, new.0).unwrap();
    if old.0 > 0 {
        let naive = naive_subproof(old.0 as usize, &leaves.0[..new.0 as usize], true);
        assert_eq!(proof, naive, "{} to {}", old.0, new.0);
    }
    verify_consistency(old, new, &proof).unwrap();
    let other = Hash([9; 32]);
    assert!(verify_consistency((old.0, &other), new, &proof).is_err());
    if old.0 > 0 {
        assert!(verify_consistency(old, (new.0, &other), &proof).is_err());
    }
    let longer = [&proof[..], &[other]].concat();
    assert!(verify_consistency(old, new, &longer).is_err());
    if !proof.is_empty() {
        assert!(verify_consistency(old, new, &proof[1..]).is_err());
        let mut changed = proof;
        changed[0].0[0] ^= 1;
        assert!(verify_consistency(old, new, &changed).is_err());
    }
}

#[test]
fn the_empty_tree_and_the_vectors_of_certificate_transparency() {
    // From the reference tests of Certificate Transparency: eight leaves, their roots.
    let inputs: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[
            0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
            0x6e, 0x6f,
        ],
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let hex = |hash: &Hash| {
        let digits = hash.0.iter().map(|b| format!("{b:02x}"));
        digits.collect::<Vec<_>>().concat()
    };
    assert_eq!(
        hex(&empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    let mut frontier = Frontier::default();
    for (input, root) in inputs.iter().zip(roots) {
        frontier.push(leaf_hash(input));
        assert_eq!(hex(&frontier.root()), root);
    }
}

#[test]
fn every_pair_of_small_trees_is_as_the_rfc_says() {
    let all = leaves(ALL_MAX);
    let roots: Vec<Hash> = (0..=ALL_MAX)
        .map(|size| naive_root(&all.0[..size as usize]))
        .collect();
    for size in 0..=ALL_MAX {
        let root = roots[size as usize];
        assert_eq!(tree::root(&all, size).unwrap(), root);
        for index in 0..size {
            check_inclusion(&all, index, size, &root);
        }
        assert!(tree::inclusion(&all, size, size).is_err());
        for old in 0..=size {
            check_consistency(&all, (old, &roots[old as usize]), (size, &root));
        }
        assert!(tree::consistency(&all, size + 1, size).is_err());
    }
}

#[test]
fn every_tree_up_to_a_thousand_is_as_the_rfc_says() {
    let all = leaves(SIZES_MAX);
    let mut frontier = Frontier::default();
    let mut roots = vec![empty_root()];
    for size in 1..=SIZES_MAX {
        frontier.push(all.0[size as usize - 1]);
        let root = naive_root(&all.0[..size as usize]);
        assert_eq!(frontier.root(), root, "size {size}");
        assert_eq!(tree::root(&all, size).unwrap(), root, "size {size}");
        roots.push(root);
        // The edges of each tree, and places all over it that differ from size to size.
        for index in [0, 1, size / 2, size - 1, size * 7 % 11, size * 13 % size] {
            if index < size {
                check_inclusion(&all, index, size, &root);
            }
        }
        for old in [
            0,
            1,
            size / 3,
            size / 2,
            size - 1,
            size,
            size * 5 % (size + 1),
        ] {
            check_consistency(&all, (old, &roots[old as usize]), (size, &root));
        }
    }
}

#[test]
fn every_proof_in_every_tree_up_to_a_thousand_verifies() {
    // Made and verified by ours alone; what ours are is compared above.
    let all = leaves(SIZES_MAX);
    let mut frontier = Frontier::default();
    let mut roots = vec![empty_root()];
    for leaf in &all.0 {
        frontier.push(*leaf);
        roots.push(frontier.root());
    }
    for size in (1..=SIZES_MAX).rev().step_by(9) {
        let root = &roots[size as usize];
        for index in 0..size {
            let proof = tree::inclusion(&all, index, size).unwrap();
            verify_inclusion(&all.0[index as usize], index, size, &proof, root).unwrap();
            let proof = tree::consistency(&all, index, size).unwrap();
            verify_consistency((index, &roots[index as usize]), (size, root), &proof).unwrap();
        }
    }
}

/// The nodes of our tree, as `tlog_tiles` numbers them.
struct Theirs<'a>(&'a Leaves);

impl tlog_tiles::HashReader for Theirs<'_> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        use ledger::tree::Nodes;
        let node = |index: &u64| {
            let (level, place) = tlog_tiles::split_stored_hash_index(*index);
            tlog_tiles::Hash(self.0.node(level, place).unwrap().0)
        };
        Ok(indexes.iter().map(node).collect())
    }
}

fn ours(hashes: &[tlog_tiles::Hash]) -> Vec<Hash> {
    hashes.iter().map(|hash| Hash(hash.0)).collect()
}

#[test]
fn proofs_and_roots_are_those_of_tlog_tiles() {
    let all = leaves(SIZES_MAX);
    let theirs = Theirs(&all);
    for size in (1..=SIZES_MAX).step_by(7) {
        let root = tree::root(&all, size).unwrap();
        assert_eq!(tlog_tiles::tree_hash(size, &theirs).unwrap().0, root.0);
        for index in (0..size).step_by(13) {
            let proof = tlog_tiles::prove_record(size, index, &theirs).unwrap();
            assert_eq!(tree::inclusion(&all, index, size).unwrap(), ours(&proof));
        }
        for old in (1..=size).step_by(17) {
            let proof = tlog_tiles::prove_tree(size, old, &theirs).unwrap();
            assert_eq!(tree::consistency(&all, old, size).unwrap(), ours(&proof));
        }
    }
}

#[test]
fn tile_paths_are_those_of_tlog_tiles_without_its_height() {
    for index in [
        0,
        1,
        255,
        256,
        999,
        1000,
        1001,
        999_999,
        1_000_000,
        123_456_789_012,
    ] {
        for (level, width) in [(0, 256), (1, 1), (3, 255)] {
            let theirs = tlog_tiles::Tile::new(8, level, index, width, false).path();
            let path = TilePath::hashes(level, index, u64::from(width)).to_string();
            assert_eq!(path, theirs.replacen("tile/8/", "tile/", 1));
        }
    }
}

/// A tree's tiles, cut as files are.
struct Cut<'a> {
    leaves: &'a Leaves,
    size: u64,
}

impl Tiles for Cut<'_> {
    fn tile(&self, level: u8, index: u64, width: u64) -> Result<Vec<Hash>, Error> {
        use ledger::tree::Nodes;
        let count = (self.size >> (level * TILE_HEIGHT)) - index * TILE_WIDTH;
        assert!(
            width <= count.min(TILE_WIDTH),
            "only what the tree has is asked for"
        );
        let place = |place| {
            self.leaves
                .node(level * TILE_HEIGHT, index * TILE_WIDTH + place)
        };
        (0..count.min(TILE_WIDTH)).map(place).collect()
    }
}

#[test]
fn proofs_from_tiles_are_those_from_leaves() {
    let all = leaves(70_000);
    for size in [
        1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 69_999, 70_000,
    ] {
        let cut = Cut { leaves: &all, size };
        let nodes = TileNodes::new(&cut);
        assert_eq!(
            tree::root(&nodes, size).unwrap(),
            tree::root(&all, size).unwrap()
        );
        for index in [0, size / 3, size / 2, size - 1] {
            let from_tiles = tree::inclusion(&nodes, index, size).unwrap();
            assert_eq!(from_tiles, tree::inclusion(&all, index, size).unwrap());
            let from_tiles = tree::consistency(&nodes, index, size).unwrap();
            assert_eq!(from_tiles, tree::consistency(&all, index, size).unwrap());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_large_trees_are_as_the_rfc_says(size in 1_001_u64..20_000, a in any::<u64>(), b in any::<u64>()) {
        let all = leaves(size);
        let root = naive_root(&all.0);
        check_inclusion(&all, a % size, size, &root);
        let old = b % (size + 1);
        let old_root = naive_root(&all.0[..old as usize]);
        check_consistency(&all, (old, &old_root), (size, &root));
    }

    #[test]
    fn arbitrary_proofs_never_panic(
        index in any::<u64>(),
        size in any::<u64>(),
        hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let hashes: Vec<Hash> = hashes.into_iter().map(Hash).collect();
        let root = Hash([1; 32]);
        prop_assert!(verify_inclusion(&root, index, size, &hashes, &root).is_err() || (size == 1 && hashes.is_empty()));
        let _ = verify_consistency((index, &root), (size, &root), &hashes);
    }

    #[test]
    fn arbitrary_notes_never_panic(text in "\\PC{0,200}|(.|\n){0,200}") {
        if let Ok(note) = text.parse::<ledger::note::Note>() {
            prop_assert_eq!(note.to_string(), text);
        }
    }
}
