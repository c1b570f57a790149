//! Rank of this process and number of processes, as the launching program says.

use crate::error::DistributedError;
use crate::{Error, Result};

/// Environment variables of rank and world size. torchrun comes first, as it may itself run under another launcher.
const LAUNCHERS: [[&str; 2]; 4] = [
    ["RANK", "WORLD_SIZE"],                           // torchrun
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"], // mpirun of Open MPI
    ["PMI_RANK", "PMI_SIZE"],                         // mpiexec of MPICH and Intel MPI
    ["SLURM_PROCID", SLURM_SIZE],                     // srun
];

/// Only srun sets this variable. `SLURM_NTASKS` and `SLURM_PROCID` are also set in a batch script and in the shell of
/// salloc, where a program is one process.
const SLURM_SIZE: &str = "SLURM_STEP_NUM_TASKS";

/// Rank and world size of this process, from the environment of torchrun, mpirun or srun; `(0, 1)` without any of them.
///
/// Under Slurm only srun counts. A program that a batch script or the shell of salloc starts without srun is one
/// process, for any number of tasks of the job.
///
/// For [`Epoch::shard`](crate::Epoch::shard): every rank builds the same sampler, and takes its part of each epoch.
///
/// # Examples
/// ```
/// use climd::{CurriculumSampler, PowerLaw, PowerLawScheduler, ShardRemainder};
/// let (rank, world_size) = climd::rank_and_world_size()?;
/// let sampler = PowerLawScheduler::new(&[0, 0, 0, 1, 1, 2], PowerLaw::default())?.seed(7);
/// let part = sampler.epoch(99)?.shard(rank, world_size, ShardRemainder::Pad)?;
/// assert_eq!(part.len(), 6usize.div_ceil(world_size));
/// # Ok::<(), climd::Error>(())
/// ```
///
/// # Errors
/// [`DistributedError::Launcher`] if one of the two variables is missing, or is not a number;
/// [`DistributedError::Rank`] for a rank that is not below the world size.
pub fn rank_and_world_size() -> Result<(usize, usize)> {
    from(|variable| std::env::var_os(variable).map(|value| value.to_string_lossy().into_owned()))
}

fn from(value: impl Fn(&str) -> Option<String>) -> Result<(usize, usize)> {
    let set = |names: &&[&str; 2]| match names {
        [_, SLURM_SIZE] => value(SLURM_SIZE).is_some(),
        names => names.iter().any(|name| value(name).is_some()),
    };
    let Some(names) = LAUNCHERS.iter().find(set) else { return Ok((0, 1)) };
    let number = |variable: &'static str| {
        let found = value(variable).unwrap_or_default();
        found.trim().parse().map_err(|_| Error::Distributed(DistributedError::Launcher { variable, found }))
    };
    let (rank, world_size) = (number(names[0])?, number(names[1])?);
    if rank < world_size { Ok((rank, world_size)) } else { Err(DistributedError::Rank { rank, world_size }.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<(usize, usize)> {
        from(|name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn every_launcher_is_understood_and_torchrun_goes_first() {
        assert_eq!(with(&[]), Ok((0, 1)));
        for [rank, size] in LAUNCHERS {
            assert_eq!(with(&[(rank, "2"), (size, "4")]), Ok((2, 4)));
        }
        let under_slurm = [("SLURM_PROCID", "0"), (SLURM_SIZE, "1"), ("RANK", "3"), ("WORLD_SIZE", "8")];
        assert_eq!(with(&under_slurm), Ok((3, 8)));
    }

    #[test]
    fn half_a_launcher_and_numbers_that_are_none_are_named() {
        let missing = with(&[("RANK", "1")]).unwrap_err().to_string();
        assert!(
            missing.starts_with("`WORLD_SIZE` is \"\" in the environment, but must be a whole number"),
            "{missing}"
        );
        let negative = with(&[("SLURM_PROCID", "-1"), (SLURM_SIZE, "4")]).unwrap_err();
        assert_eq!(
            negative,
            Error::Distributed(DistributedError::Launcher { variable: "SLURM_PROCID", found: "-1".into() })
        );
        assert_eq!(
            with(&[("PMI_RANK", "4"), ("PMI_SIZE", "4")]),
            Err(DistributedError::Rank { rank: 4, world_size: 4 }.into())
        );
    }

    /// The environments that Slurm gives.
    #[test]
    fn what_srun_did_not_start_is_one_process() {
        let script = [("SLURM_JOB_ID", "1"), ("SLURM_PROCID", "0"), ("SLURM_LOCALID", "0"), ("SLURM_NTASKS", "4")];
        assert_eq!(with(&script), Ok((0, 1)), "a batch script with -n 4");
        assert_eq!(with(&[("SLURM_JOB_ID", "1"), ("SLURM_PROCID", "0")]), Ok((0, 1)), "a batch script without -n");
        assert_eq!(with(&[("SLURM_JOB_ID", "1"), ("SLURM_NTASKS", "4")]), Ok((0, 1)), "the shell of salloc");
        let task = [("SLURM_PROCID", "2"), ("SLURM_NTASKS", "8"), ("SLURM_STEP_ID", "0"), (SLURM_SIZE, "4")];
        assert_eq!(with(&task), Ok((2, 4)), "srun -n 4 in a job of 8 tasks");
        let half = with(&[(SLURM_SIZE, "4")]).unwrap_err();
        assert_eq!(
            half,
            Error::Distributed(DistributedError::Launcher { variable: "SLURM_PROCID", found: String::new() })
        );
    }
}
