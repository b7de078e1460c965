//! `citybrain client`, `agreement` and `exchange`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `citybrain client …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain client list
  citybrain client key --out taxes.pem")]
pub(crate) enum ClientCommand {
    /// List the client systems that the city defines
    List(ClientListArgs),
    /// Make a private key, and print the public one for the client's definition
    Key(ClientKeyArgs),
    /// Make a token, such as the password for psql
    Token(ClientTokenArgs),
    /// Make a profile for Delta Sharing: whole datasets for pandas, Spark and the like
    ShareProfile(ShareProfileArgs),
}

/// `citybrain client list`.
#[derive(Debug, Args)]
pub(crate) struct ClientListArgs {
    /// The city's folder (default: option pool.city)
    pub(crate) city: Option<PathBuf>,
}

/// `citybrain client key`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain client key --out taxes.pem
  citybrain client key --demonstration taxation-systems

The file is PKCS #8 in PEM, readable by its owner alone; openssl reads and makes such files too.")]
pub(crate) struct ClientKeyArgs {
    /// Write the new private key to this file, which must not exist
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "demonstration",
        conflicts_with = "demonstration"
    )]
    pub(crate) out: Option<PathBuf>,
    /// Print the public key of this demonstration client; anybody can derive its private one
    #[arg(long, value_name = "CLIENT")]
    pub(crate) demonstration: Option<String>,
}

/// `citybrain client token`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  PGPASSWORD=$(citybrain client token taxation-systems --purpose analysis/tax-base) \\
      psql -h 127.0.0.1 -p 5433 -U taxation-systems analysis/tax-base
  citybrain client token taxation-systems --purpose matter/property-tax \\
      --method POST --target /exchange/v1/look-up --body ask.json

A token is good once, for a minute, and for the one call that it names.")]
pub(crate) struct ClientTokenArgs {
    /// The client that calls
    pub(crate) client: String,
    /// For what: matter/ID, policy/ID, operation/ID or analysis/ID
    #[arg(long)]
    pub(crate) purpose: String,
    /// A case number or the like
    #[arg(long = "ref", value_name = "TEXT")]
    pub(crate) reference: Option<String>,
    /// The call's method; SQL is PostgreSQL's protocol
    #[arg(long, default_value = "SQL")]
    pub(crate) method: String,
    /// The call's path with its query
    #[arg(long, value_name = "PATH", default_value = "/exchange/v1/sql")]
    pub(crate) target: String,
    /// The file that holds the call's body (default: an empty body)
    #[arg(long, value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,
    /// Its private key, PEM (not needed for clients of a demonstration)
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// `citybrain client share-profile`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain client share-profile statistics-systems --purpose analysis/economy-monitor \\
      --out statistics.share
  python3 -c 'import delta_sharing; print(delta_sharing.load_as_pandas(
      \"statistics.share#commerce.default.retail-sales\"))'
  citybrain client share-profile statistics-systems --purpose analysis/economy-monitor \\
      --revoke 0123456789abcdef

The profile is for one purpose, and good for thirty days at most. Who has the file can take what the
agreements with the use bulk let the client take: keep it as you keep a key. Exit code 1 when the
exchange says no.")]
pub(crate) struct ShareProfileArgs {
    /// The client that takes
    pub(crate) client: String,
    /// For what: matter/ID, policy/ID, operation/ID or analysis/ID
    #[arg(long)]
    pub(crate) purpose: String,
    /// A case number or the like
    #[arg(long = "ref", value_name = "TEXT")]
    pub(crate) reference: Option<String>,
    /// Write the profile to this file, which must not exist (default: print it)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Revoke this profile of the department: what its bearer token begins with, up to the dot
    #[arg(long, value_name = "PROFILE", conflicts_with = "out")]
    pub(crate) revoke: Option<String>,
    /// The client's private key, PEM (not needed for clients of a demonstration)
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The server (default: option up.listen)
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// `citybrain agreement …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain agreement list
  citybrain agreement matrix
  citybrain agreement propose titles-for-taxes --client taxation-data-office --key office.pem
  citybrain agreement approve titles-for-taxes --client planning-resources-data-office --key office.pem")]
pub(crate) enum AgreementCommand {
    /// List agreements and how they stand
    List(AgreementListArgs),
    /// Show who shares how many datasets with whom
    Matrix(AgreementListArgs),
    /// Sign a proposal, as the consumer
    Propose(StepArgs),
    /// Sign an approval, as the provider
    Approve(StepArgs),
    /// Sign a revocation, as either
    Revoke(StepArgs),
}

/// `citybrain agreement list` and `matrix`.
#[derive(Debug, Args)]
pub(crate) struct AgreementListArgs {
    /// Only those that stand so: draft, proposed, approved, active, expired, revoked
    #[arg(long, value_name = "WORD")]
    pub(crate) standing: Option<String>,
    /// Only those in which this department takes part
    #[arg(long, value_name = "DEPARTMENT")]
    pub(crate) department: Option<String>,
    /// The server (default: option up.listen)
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// `citybrain agreement propose`, `approve` and `revoke`.
#[derive(Debug, Args)]
#[command(after_help = "\
The statement is signed over the hash of the agreement's file in the city's folder: read it before
you sign. Whoever changes the file afterwards needs a new signature.")]
pub(crate) struct StepArgs {
    /// The agreements
    #[arg(required = true, value_name = "AGREEMENT")]
    pub(crate) agreements: Vec<String>,
    /// The client that signs (default: the department's only one that may)
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: Option<String>,
    /// Its private key, PEM (not needed for clients of a demonstration)
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Which side signs a revocation: consumer or provider
    #[arg(long, value_name = "SIDE", default_value = "provider", value_parser = ["consumer", "provider"])]
    pub(crate) side: String,
    /// The version to revoke, if it is not the file's
    #[arg(long, value_name = "HASH")]
    pub(crate) of: Option<String>,
    /// The server (default: option up.listen)
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}

/// `citybrain exchange …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  citybrain exchange look-up residents --key citizen_number=330106199001010018 --client taxation-systems --purpose policy/hiring-subsidy")]
pub(crate) enum ExchangeCommand {
    /// Read a record, or a subject's records, as a department's system does
    LookUp(LookUpArgs),
}

/// `citybrain exchange look-up`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  citybrain exchange look-up residents --key citizen_number=330106199001010018 \\
      --client taxation-systems --purpose policy/hiring-subsidy --ref case-17
  citybrain exchange look-up titles --subject 330106199001010018 --fields address,area \\
      --client taxation-systems --key-file taxes.pem --purpose matter/property-tax --json

Exit code 1 when the exchange says no.")]
pub(crate) struct LookUpArgs {
    /// The dataset, or department/dataset
    pub(crate) dataset: String,
    /// A field of the key and its value; once for each field
    #[arg(long, value_name = "FIELD=VALUE", value_parser = super::values::assignment, conflicts_with = "subject", required_unless_present = "subject")]
    pub(crate) key: Vec<(String, String)>,
    /// Whom or what the records are about
    #[arg(long, value_name = "SUBJECT")]
    pub(crate) subject: Option<String>,
    /// The fields that are wanted, comma-separated (default: all that the agreement names)
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) fields: Vec<String>,
    /// For what: matter/ID, policy/ID, operation/ID or analysis/ID
    #[arg(long, value_name = "PURPOSE")]
    pub(crate) purpose: String,
    /// A case number or the like
    #[arg(long = "ref", value_name = "TEXT")]
    pub(crate) reference: Option<String>,
    /// The client that calls
    #[arg(long, value_name = "CLIENT")]
    pub(crate) client: String,
    /// Its private key, PEM (not needed for clients of a demonstration)
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// The server (default: option up.listen)
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
}
