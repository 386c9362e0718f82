"""From alignments to structural variants of all samples; a part of stage variants."""


rule variants_call_delly:
    """Call structural variants of one sample (Delly)."""
    input:
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        cram=lambda wildcards: align.cram_file(wildcards.sample),
        crai=lambda wildcards: f"{align.cram_file(wildcards.sample)}.crai",
    output:
        bcf=temp("<results>/variants/structural/sites/{sample}.bcf"),
        note="<results>/variants/structural/sites/{sample}.json",
    params:
        code=hash_code("variants_call_delly"),
    log:
        "<logs>/variants_call_delly/{sample}.log",
    benchmark:
        "<benchmarks>/variants_call_delly/{sample}.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_call_delly.py"


rule variants_merge_delly:
    """Merge the structural variants of all samples into one list of sites."""
    input:
        sites=variants.delly_sites(),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf=temp("<results>/variants/structural/sites.bcf"),
    params:
        code=hash_code("variants_merge_delly"),
    log:
        "<logs>/variants_merge_delly/sites.log",
    benchmark:
        "<benchmarks>/variants_merge_delly/sites.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_merge_delly.py"


rule variants_genotype_delly:
    """Genotype one sample at all sites of structural variants."""
    input:
        sites="<results>/variants/structural/sites.bcf",
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        cram=lambda wildcards: align.cram_file(wildcards.sample),
        crai=lambda wildcards: f"{align.cram_file(wildcards.sample)}.crai",
    output:
        bcf=temp("<results>/variants/structural/genotypes/{sample}.bcf"),
        note="<results>/variants/structural/genotypes/{sample}.json",
    params:
        code=hash_code("variants_genotype_delly"),
    log:
        "<logs>/variants_genotype_delly/{sample}.log",
    benchmark:
        "<benchmarks>/variants_genotype_delly/{sample}.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(2000),
    script:
        "../../scripts/variants_genotype_delly.py"


rule variants_gather_delly:
    """Merge the structural-variant genotypes of all samples into one table."""
    input:
        calls=variants.delly_genotypes(),
        notes=variants.delly_notes(),
        reference="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
    output:
        bcf="<results>/variants/structural/delly.bcf",
        csi="<results>/variants/structural/delly.bcf.csi",
        summary="<results>/variants/structural/delly.summary.json",
        note="<results>/variants/structural/delly.note.json",
    params:
        code=hash_code("variants_gather_delly"),
        samples=variants.samples,
    log:
        "<logs>/variants_gather_delly/delly.log",
    benchmark:
        "<benchmarks>/variants_gather_delly/delly.tsv"
    conda:
        "../../envs/delly.yaml"
    threads: 1
    resources:
        mem_mb=mem(1000),
    script:
        "../../scripts/variants_gather_delly.py"
