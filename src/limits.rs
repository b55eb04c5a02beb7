//! A limit on everything that input can grow.

/// Limits on one part. Beyond one of them the part is refused, and the error names limit and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one record, line end included, as read (before quotes are undone). Default 16 MiB.
    pub record_bytes_max: usize,
    /// Bytes of one field as read. Default 16 MiB.
    pub field_bytes_max: usize,
    /// Columns of one part. Default 5,000.
    pub columns_max: usize,
    /// Bytes of one column name. Default 1,024.
    pub name_bytes_max: usize,
    /// Bytes that a part may expand to. Default 64 GiB.
    pub inflated_bytes_max: u64,
    /// How many times its compressed size a part may expand to, once it is past 64 MiB. Default 1,200
    /// (deflate itself cannot pass 1,032).
    pub expansion_ratio_max: u64,
    /// Gzip members in one part. Default 1,000,000.
    pub gzip_members_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            record_bytes_max: 16 << 20,
            field_bytes_max: 16 << 20,
            columns_max: 5_000,
            name_bytes_max: 1_024,
            inflated_bytes_max: 64 << 30,
            expansion_ratio_max: 1_200,
            gzip_members_max: 1_000_000,
        }
    }
}
