//! The shipped profiles as files.

use std::path::Path;

use paceline_cli::profile;
use paceline_core::Profile;

#[test]
fn every_shipped_profile_is_read_and_has_the_name_of_its_file() {
    for name in profile::names() {
        assert_eq!(profile::named(name).expect(name).name, name);
    }
    assert_eq!(profile::named("generic").expect("shipped"), Profile::generic());
}

#[test]
fn every_file_of_the_folder_is_shipped() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<String> = files
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    let mut shipped: Vec<String> = profile::names().map(str::to_owned).collect();
    names.sort();
    shipped.sort();
    assert_eq!(names, shipped);
}

#[test]
fn a_copy_of_a_shipped_profile_says_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    for name in profile::names() {
        let copy = profile::read(folder.join(format!("{name}.toml"))).expect(name);
        assert_eq!(copy, profile::named(name).expect(name));
    }
}

#[test]
fn a_name_that_there_is_not_gets_advice() {
    let error = profile::named("guthib").expect_err("no such profile").to_string();
    assert!(error.contains("did you mean `github`?"), "{error}");
    let error = profile::named("x").expect_err("no such profile").to_string();
    assert!(error.contains("generic, anthropic"), "{error}");
    assert!(error.contains("./my-profile.toml"), "{error}");
}
