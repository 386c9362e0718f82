"""From clean reads, or provided alignments, to one CRAM per sample."""

from readsight.wiring.align import AlignWiring
from readsight.wiring.reads import ReadsWiring

align = AlignWiring(project)


rule align_reference:
    """Write the reference in upper case, ambiguous bases as N, with its index and dictionary."""
    input:
        fasta=project.config.reference.fasta or [],
    output:
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dict="<results>/align/reference/genome.dict",
    log:
        "<logs>/align_reference/genome.log",
    benchmark:
        "<benchmarks>/align_reference/genome.tsv"
    priority: 20
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("align_reference"),
    script:
        "../../scripts/align_reference.py"


rule align_index_bwa:
    """Build the bwa index."""
    input:
        fasta="<results>/align/reference/genome.fa",
    output:
        multiext("<results>/align/reference/bwa", ".amb", ".ann", ".bwt", ".pac", ".sa"),
    log:
        "<logs>/align_index_bwa/bwa.log",
    benchmark:
        "<benchmarks>/align_index_bwa/bwa.tsv"
    priority: 20
    conda:
        "../../envs/bwa.yaml"
    threads: 1
    resources:
        mem_mb=align.scale_memory(500, per_base=2),
    params:
        code=hash_code("align_index_bwa"),
    script:
        "../../scripts/align_index_bwa.py"


rule align_index_bwa_mem2:
    """Build the bwa-mem2 index."""
    input:
        fasta="<results>/align/reference/genome.fa",
    output:
        multiext(
            "<results>/align/reference/bwa-mem2",
            ".0123",
            ".amb",
            ".ann",
            ".bwt.2bit.64",
            ".pac",
        ),
    log:
        "<logs>/align_index_bwa_mem2/bwa-mem2.log",
    benchmark:
        "<benchmarks>/align_index_bwa_mem2/bwa-mem2.tsv"
    priority: 20
    conda:
        "../../envs/bwa-mem2.yaml"
    threads: 1
    resources:
        mem_mb=align.scale_memory(500, per_base=28),
    params:
        code=hash_code("align_index_bwa_mem2"),
    script:
        "../../scripts/align_index_bwa_mem2.py"


rule align_bwa:
    """Align all units of a sample with bwa, mark duplicates, and write CRAM, in one stream."""
    input:
        fastqs=ReadsWiring(project).sample_reads,
        lints=ReadsWiring(project).sample_lints,
        index=multiext("<results>/align/reference/bwa", ".amb", ".ann", ".bwt", ".pac", ".sa"),
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dict="<results>/align/reference/genome.dict",
    output:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        flagstat="<results>/align/{sample}.flagstat.txt",
        duplicates="<results>/align/{sample}.duplicates.txt",
    log:
        "<logs>/align_bwa/{sample}.log",
    benchmark:
        "<benchmarks>/align_bwa/{sample}.tsv"
    wildcard_constraints:
        sample=align.sample_constraint("bwa"),
    priority: 10
    conda:
        "../../envs/bwa.yaml"
    threads: project.config.align.threads
    resources:
        mem_mb=align.scale_memory(1900, per_base=2),
    params:
        code=hash_code("align_bwa"),
        groups=align.read_groups,
        mates=align.mates_per_unit,
        mark_duplicates=project.config.align.mark_duplicates,
        min_mapped=project.config.align.min_mapped,
    script:
        "../../scripts/align_bwa.py"


rule align_bwa_mem2:
    """Align all units of a sample with bwa-mem2, mark duplicates, and write CRAM, in one stream."""
    input:
        fastqs=ReadsWiring(project).sample_reads,
        lints=ReadsWiring(project).sample_lints,
        index=multiext(
            "<results>/align/reference/bwa-mem2",
            ".0123",
            ".amb",
            ".ann",
            ".bwt.2bit.64",
            ".pac",
        ),
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dict="<results>/align/reference/genome.dict",
    output:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        flagstat="<results>/align/{sample}.flagstat.txt",
        duplicates="<results>/align/{sample}.duplicates.txt",
    log:
        "<logs>/align_bwa_mem2/{sample}.log",
    benchmark:
        "<benchmarks>/align_bwa_mem2/{sample}.tsv"
    wildcard_constraints:
        sample=align.sample_constraint("bwa-mem2"),
    priority: 10
    conda:
        "../../envs/bwa-mem2.yaml"
    threads: project.config.align.threads
    resources:
        mem_mb=align.scale_memory(1900, per_base=8),
    params:
        code=hash_code("align_bwa_mem2"),
        groups=align.read_groups,
        mates=align.mates_per_unit,
        mark_duplicates=project.config.align.mark_duplicates,
        min_mapped=project.config.align.min_mapped,
    script:
        "../../scripts/align_bwa_mem2.py"


rule align_import:
    """Convert provided BAM and CRAM files to the form of the alignments made here."""
    input:
        alignments=align.alignment_files,
        original=project.config.reference.fasta or [],
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dict="<results>/align/reference/genome.dict",
    output:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        flagstat="<results>/align/{sample}.flagstat.txt",
        duplicates="<results>/align/{sample}.duplicates.txt",
    log:
        "<logs>/align_import/{sample}.log",
    benchmark:
        "<benchmarks>/align_import/{sample}.tsv"
    wildcard_constraints:
        sample=align.sample_constraint("import"),
    priority: 10
    conda:
        "../../envs/bwa.yaml"
    threads: 4
    resources:
        mem_mb=mem(1900),
    params:
        code=hash_code("align_import"),
        groups=align.read_groups,
        mark_duplicates=project.config.align.mark_duplicates,
        min_mapped=project.config.align.min_mapped,
    script:
        "../../scripts/align_import.py"


rule align_stats:
    """Measure alignments: mapped reads, duplicates, insert size, depth."""
    input:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        targets=align.targets_bed or [],
    output:
        stats="<results>/align/{sample}.stats.txt",
        distribution="<results>/align/{sample}.mosdepth.global.dist.txt",
        depth="<results>/align/{sample}.mosdepth.summary.txt",
        summary="<results>/align/{sample}.summary.json",
    log:
        "<logs>/align_stats/{sample}.log",
    benchmark:
        "<benchmarks>/align_stats/{sample}.tsv"
    conda:
        "../../envs/bwa.yaml"
    threads: 2
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("align_stats"),
    script:
        "../../scripts/align_stats.py"


rule align_recalibrate:
    """Recalibrate base qualities with GATK against known variants."""
    input:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dict="<results>/align/reference/genome.dict",
        known_sites=project.config.reference.known_sites,
    output:
        cram="<results>/align/recalibrated/{sample}.cram",
        crai="<results>/align/recalibrated/{sample}.cram.crai",
        table="<results>/align/recalibrated/{sample}.table",
    log:
        "<logs>/align_recalibrate/{sample}.log",
    benchmark:
        "<benchmarks>/align_recalibrate/{sample}.tsv"
    priority: 10
    conda:
        "../../envs/gatk.yaml"
    threads: 1
    resources:
        mem_mb=mem(4000),
    params:
        code=hash_code("align_recalibrate"),
    script:
        "../../scripts/align_recalibrate.py"
